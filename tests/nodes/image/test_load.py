from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.image.load import load


def test_a_photo_is_read_upright_with_its_focal_length_and_smaller_on_request(tmp_path, run):
    exif = Pillow.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 36
    path = tmp_path / "photo.jpg"
    Pillow.new("RGB", (360, 240), (200, 100, 50)).save(path, exif=exif)
    image = load(path, run=run)
    assert (image.width, image.height, image.name) == (240, 360, "photo.jpg")
    assert image.focal_px == pytest.approx(360)
    small = load(path, max_side=90, run=run)
    assert (small.width, small.height) == (60, 90)
    assert small.focal_px == pytest.approx(90)
    assert np.abs(small.pixels[45, 30].astype(int) - (200, 100, 50)).max() < 4


def test_no_file_and_no_picture_are_explained(tmp_path, run):
    with pytest.raises(NodeError, match="no file is chosen"):
        load(run=run)
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(NodeError, match=r"a\.png is not an image"):
        load(tmp_path / "a.png", run=run)
