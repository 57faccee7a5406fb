"""Pictures to the bytes of a file. The counterpart of ``image_reading``."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import exif, exr, srgb
from meshloom.graph_runtime.types import Image

#: The bits a sample may have, by format; the first is taken for 8-bit pixels, the last for float pixels.
BITS: dict[str, tuple[int, ...]] = {
    "png": (8, 16),
    "jpg": (8,),
    "webp": (8,),
    "bmp": (8,),
    "tiff": (8, 16, 32),
    "exr": (16, 32),
    "hdr": (32,),
}
_ALIASES = {"jpeg": "jpg", "jpe": "jpg", "tif": "tiff"}


def image_format(name: str | Path) -> str:
    """``png`` for "png", ".PNG" and "a/b.png". Raises ``NodeError`` for what is not written."""
    word = str(name).rpartition(".")[2].lower()
    word = _ALIASES.get(word, word)
    if word not in BITS:
        raise NodeError(
            f"pictures are not written as {word or '(no extension)'}; expected one of {', '.join(BITS)}",
            hint="choose one of these formats",
        )
    return word


def write_image(image: Image, format: str | Path, quality: int = 90, bits: int | None = None) -> bytes:
    """The picture as a file of ``format`` (a format or a file name with extension).

    ``quality``: 1..100 for JPEG and WebP, where 100 makes WebP lossless. ``bits`` a sample: PNG 8 or 16, TIFF
    8, 16 or 32 (float), EXR 16 or 32 (float); by default 8 for ``uint8`` pixels and the most there is for
    ``float32``. Values beyond 0..1 survive in EXR, HDR and 32-bit TIFF only. JPEG, BMP and HDR hold no alpha:
    the picture is laid on white (HDR: on black). A known focal length is kept, but not in BMP, EXR and HDR.
    """
    word = image_format(format)
    deep = image.pixels.dtype != np.uint8
    allowed = BITS[word]
    bits = bits or (allowed[-1] if deep else allowed[0] if word != "exr" else 32)
    if bits not in allowed:
        raise NodeError(
            f"{word} has no {bits} bits a sample; expected {' or '.join(map(str, allowed))}",
            hint="choose other bits or another format",
        )
    if not 1 <= quality <= 100:
        raise NodeError(
            f"quality is {quality}; expected 1 to 100", hint="90 is hard to tell from the original"
        )
    if word in ("exr", "hdr"):
        light = _light(image)
        return exr.write_light(light, half=bits == 16) if word == "exr" else _radiance(light)
    block = exif.exif_bytes(image.width, image.height, image.focal_px)
    if word == "tiff":
        return _tiff(image, bits)
    if bits == 16:
        return _png16(_as_uint16(image), block)
    return _pillow(image, word, quality, block)


def _pillow(image: Image, word: str, quality: int, block: bytes) -> bytes:
    from PIL import Image as Pillow

    pixels = image.as_uint8()
    if word in ("jpg", "bmp") and pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:].astype(np.float32) / np.float32(255)
        pixels = (pixels[:, :, :3] * alpha + (1 - alpha) * 255 + 0.5).astype(np.uint8)
    limit = {"jpg": 65535, "webp": 16383}.get(word)
    if limit is not None and max(pixels.shape[:2]) > limit:
        raise NodeError(
            f"the picture is {image.width} x {image.height} pixels; {word} ends at {limit} a side",
            hint="save it as PNG or TIFF, or make it smaller",
        )
    choices: dict[str, dict[str, Any]] = {
        "png": {"format": "PNG", "compress_level": 6},
        # Full chroma where quality is asked for: coloured edges suffer first.
        "jpg": {
            "format": "JPEG",
            "quality": quality,
            "subsampling": 0 if quality >= 90 else 2,
            "optimize": True,
        },
        "webp": {"format": "WEBP", "quality": quality, "lossless": quality == 100, "exact": True},
        "bmp": {"format": "BMP"},
    }
    options = choices[word]
    if block and word != "bmp":
        options["exif"] = block
    file = io.BytesIO()
    Pillow.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(file, **options)
    return file.getvalue()


def _as_uint16(image: Image) -> NDArray[np.uint16]:
    if image.pixels.dtype == np.uint8:
        return image.as_uint8().astype(np.uint16) * np.uint16(257)
    clean = np.nan_to_num(image.pixels, nan=0.0, posinf=1.0, neginf=0.0)
    scaled: NDArray[np.float64] = np.clip(clean, 0.0, 1.0).astype(np.float64) * 65535
    return (scaled + 0.5).astype(np.uint16)


def write_png16(pixels: NDArray[np.uint16]) -> bytes:
    """(H, W) or (H, W, 1|3|4) ``uint16`` as PNG, to the last bit: depth in millimetres, labels."""
    return _png16(pixels if pixels.ndim == 3 else pixels[:, :, None], b"")


def _png16(pixels: NDArray[np.uint16], block: bytes) -> bytes:
    import cv2

    order = [2, 1, 0, 3][: pixels.shape[2]] if pixels.shape[2] > 1 else [0]
    done, encoded = cv2.imencode(".png", pixels[:, :, order], [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not done:
        raise NodeError(f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels cannot be written as PNG")
    data = encoded.tobytes()
    if not block:
        return data
    content = b"eXIf" + block.removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    # After the header chunk: 8 bytes of signature, 25 of header.
    return data[:33] + chunk + data[33:]


def _tiff(image: Image, bits: int) -> bytes:
    import tifffile

    pixels: NDArray[Any] = image.as_uint8() if bits == 8 else image.as_float()
    if bits == 16:
        pixels = _as_uint16(image)
    file = io.BytesIO()
    grey = pixels.shape[2] == 1
    tifffile.imwrite(
        file,
        pixels[:, :, 0] if grey else pixels,
        photometric="minisblack" if grey else "rgb",
        extrasamples=["unassalpha"] if pixels.shape[2] == 4 else None,
        compression="zlib",
        metadata=None,
        software="Meshloom",
        extratags=exif.tiff_tags(image.width, image.focal_px),
    )
    return file.getvalue()


def _light(image: Image) -> NDArray[np.float32]:
    """Scene-linear light; alpha is no light and stays."""
    pixels = image.as_float()
    if pixels.shape[2] < 4:
        return srgb.decode(pixels)
    return np.concatenate([srgb.decode(pixels[:, :, :3]), pixels[:, :, 3:]], axis=2)


def _radiance(light: NDArray[np.float32]) -> bytes:
    import cv2

    if light.shape[2] == 4:
        light = light[:, :, :3] * light[:, :, 3:]
    if light.shape[2] == 1:
        light = light.repeat(3, axis=2)
    finite = np.clip(np.nan_to_num(light, nan=0.0, posinf=1e30, neginf=0.0), 0.0, 1e30)
    done, encoded = cv2.imencode(".hdr", np.ascontiguousarray(finite[:, :, ::-1]))
    if not done:
        raise NodeError("the picture cannot be written as Radiance HDR", hint="save it as EXR")
    return encoded.tobytes()
