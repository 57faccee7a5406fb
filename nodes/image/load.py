from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.formats.images import PATTERNS, read_image
from meshloom.graph_runtime.spec import OpenFile, Range, Run, node
from meshloom.graph_runtime.types import Image


@node("Load image", aliases=("open", "read", "import picture", "png", "jpeg", "exr", "tiff"))
def load(
    file: Annotated[Path, OpenFile(PATTERNS)] = Path(),
    max_side: Annotated[int, Range(0, 100_000, unit="px")] = 0,
    *,
    run: Run,
) -> Image:
    """Read one picture: JPEG, PNG, WebP, TIFF, BMP, EXR, Radiance HDR, AVIF, GIF, JPEG 2000.

    It comes upright (Exif) and in sRGB (embedded profiles are converted), with straight alpha. 8-bit files stay
    8 bits; 16-bit and float files become float. EXR and HDR hold linear light, which is encoded with the sRGB
    curve; values above white are kept. Of an animation, the first picture. At most 500 megapixels.

    file: the picture
    max_side: longer side at most this many pixels, made smaller with a Lanczos filter; 0 keeps the size
    """
    run.progress(0, 1, f"reading {file.name}")
    return read_image(file, max_side or None)
