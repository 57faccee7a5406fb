from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.images import decode_image
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.save import save

PIXELS = np.random.default_rng(1).integers(0, 256, (6, 7, 3), np.uint8)


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tiff", "bmp"])
def test_the_file_is_a_picture_of_that_format_named_after_its_source(run, format):
    file = save(Image(PIXELS, "IMG_7.JPG"), format=format, run=run)
    assert file.name == f"IMG_7.{format}"
    with Pillow.open(io.BytesIO(file.data.tobytes())) as picture:
        assert picture.size == (7, 6) and picture.format == {"jpg": "JPEG"}.get(format, format.upper())


def test_float_pixels_keep_16_bits_and_a_name_may_be_chosen(run):
    pixels = PIXELS.astype(np.float32) / 255 * 0.999
    file = save(Image(pixels), name="../final", run=run)
    assert file.name == "_final.png"
    np.testing.assert_allclose(decode_image(file.data.tobytes(), "a").pixels, pixels, atol=1e-5)
    assert save(Image(pixels), bits="8", run=run).name == "image.png"


def test_bits_that_the_format_lacks_are_refused(run):
    with pytest.raises(NodeError, match="jpg has no 16 bits"):
        save(Image(PIXELS), format="jpg", bits="16", run=run)
