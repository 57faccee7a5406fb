"""Pictures in files: see ``image_reading`` for what is read and how, ``image_writing`` for the formats."""

from meshloom.graph_runtime.formats.image_reading import (
    MAX_PIXELS,
    PATTERNS,
    decode_image,
    read_image,
    resized,
)
from meshloom.graph_runtime.formats.image_writing import BITS, image_format, write_image, write_png16

__all__ = [
    "BITS",
    "MAX_PIXELS",
    "PATTERNS",
    "decode_image",
    "image_format",
    "read_image",
    "resized",
    "write_image",
    "write_png16",
]
