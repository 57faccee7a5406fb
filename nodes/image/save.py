from __future__ import annotations

from typing import Annotated, Literal

from meshloom.graph_runtime.formats.images import write_image
from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.spec import Run, Slider, node
from meshloom.graph_runtime.types import File, Image


@node("Save image", aliases=("write", "export picture", "png", "jpeg", "exr", "tiff"))
def save(
    image: Image,
    format: Literal["png", "jpg", "webp", "tiff", "exr", "hdr", "bmp"] = "png",
    quality: Annotated[int, Slider(1, 100)] = 90,
    bits: Literal["as it is", "8", "16", "32"] = "as it is",
    name: str = "",
    *,
    run: Run,
) -> File:
    """Make a picture file, delivered into the output folder with the workflow that made it.

    Values above white survive in EXR, HDR and 32-bit TIFF only. JPEG and BMP hold no alpha: the picture is laid
    on white. EXR and HDR hold linear light. A known focal length is kept in Exif.

    format: the kind of file
    quality: of JPEG and WebP; 100 makes WebP lossless
    bits: a sample: PNG 8 or 16, TIFF 8, 16 or 32 (float), EXR 16 or 32 (float). "as it is": 8 for 8-bit pixels,
      the most there is for float pixels
    name: of the file, without extension; empty: that of the picture
    """
    run.progress(0, 1, f"writing {format}")
    data = write_image(image, format, quality, None if bits == "as it is" else int(bits))
    return make_file(f"{stem_of(name, image.name, 'image')}.{format}", data)
