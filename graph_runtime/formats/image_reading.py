"""Pictures in files: PNG, JPEG, WebP, TIFF, BMP, EXR, Radiance HDR, and whatever else Pillow opens.

Inside Meshloom pixels are sRGB-encoded with 1.0 = white. 8-bit files become ``uint8``; 16-bit and float
files become ``float32``. EXR and Radiance hold scene-linear light: it is encoded with the sRGB curve,
extended above white, and decoded when written. Float TIFF is taken as it is, unless its colour profile says
otherwise. Embedded profiles are converted, Exif orientation is applied, and alpha is straight.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import exif, exr, icc, srgb
from meshloom.graph_runtime.formats._reading import check_file, read_bytes, reading
from meshloom.graph_runtime.types import Image

if TYPE_CHECKING:
    from PIL import Image as Pillow

Array = NDArray[Any]

_SUFFIXES = ("jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp", "exr", "hdr", "avif", "gif", "jp2")
#: What the file picker offers.
PATTERNS = tuple(f"*.{suffix}" for suffix in _SUFFIXES)
#: A larger picture is refused before its pixels are allocated.
MAX_PIXELS = 500_000_000

_RAW = {".nef", ".cr2", ".cr3", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw"}
_SIGNATURE_PNG = b"\x89PNG\r\n\x1a\n"


def read_image(path: Path, max_side: int | None = None) -> Image:
    """The picture in a file, upright, in sRGB; its longer side at most ``max_side`` pixels.

    A JPEG that is to be smaller is decoded smaller, which is several times quicker. ``focal_px`` comes from
    Exif, for the size returned. Of an animation or a book of pages, the first is read.

    Raises ``NodeError`` naming the file: missing, empty, truncated, no picture, or above 500 megapixels.
    """
    path = Path(path)
    if path.suffix.lower() in _RAW and path.is_file():
        raise NodeError(
            f"{path.name} is a camera raw file; expected an image",
            hint="develop it first, for example to a 16-bit TIFF",
        )
    check_file(path, "an image")
    with reading(path.name, "an image"):
        with path.open("rb") as file:
            start = file.read(32)
        if start.startswith(exr.MAGIC):
            return _finish(_encoded(exr.read_light(path, MAX_PIXELS)), path.name, 0.0, max_side)
        return decode_image(read_bytes(path, "an image"), path.name, max_side)


def decode_image(data: bytes, name: str, max_side: int | None = None) -> Image:
    """:func:`read_image` for bytes in memory (any format but EXR). ``name`` is used in messages."""
    if max_side is not None and max_side < 1:
        raise NodeError(f"max_side is {max_side}; expected at least 1", hint="give a size in pixels")
    with reading(name, "an image"):
        if data.startswith((b"#?RADIANCE", b"#?RGBE")):
            return _finish(srgb.encode(_decode_hdr(data, name)), name, 0.0, max_side)
        if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
            raise NodeError(f"{name} is a HEIC photo, which is not read", hint="save it as JPEG or PNG")
        deep: Array | None = None
        if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
            deep = _decode_deep_tiff(data, name)
        elif data.startswith(_SIGNATURE_PNG):
            _guard_png(data, name)
            if data[24:25] == b"\x10":
                deep = _decode_deep_png(data)
        return _decode_pillow(data, name, max_side, deep)


def _decode_pillow(data: bytes, name: str, max_side: int | None, deep: Array | None) -> Image:
    """Pillow reads the metadata, and the pixels too unless ``deep`` has them already (as stored)."""
    from PIL import Image as Pillow
    from PIL import JpegImagePlugin, UnidentifiedImageError

    # Pillow's own guard warns at its limit and raises at twice that; ours has words.
    Pillow.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        picture: Pillow.Image = Pillow.open(io.BytesIO(data))
    except UnidentifiedImageError:
        if deep is None:
            raise NodeError(
                f"{name} is not an image that can be read; expected PNG, JPEG, TIFF, WebP, BMP, EXR or HDR",
                hint="convert it to one of these",
            ) from None
        return _finish(_float(deep), name, 0.0, max_side)
    except Pillow.DecompressionBombError:
        raise _too_large(name, "more") from None
    width, height = picture.size
    _guard(name, width, height)
    told = picture.getexif()
    if deep is not None:
        orientation, focal = exif.orientation_of(told), exif.focal_px(told, width, height)
        pixels = _deep_to_srgb(deep, picture.info.get("icc_profile"))
        return _finish(exif.upright(pixels, orientation), name, focal * pixels.shape[1] / width, max_side)
    if max_side is not None and isinstance(picture, JpegImagePlugin.JpegImageFile):
        # Twice the size asked for, so that the filter below and not the decoder makes the final pixels.
        scale = min(1.0, 2.0 * max_side / max(width, height))
        picture.draft(picture.mode, (max(1, round(width * scale)), max(1, round(height * scale))))
    focal = exif.focal_px(told, width, height)
    picture.load()
    # Pillow turns TIFFs itself while loading, and then forgets the orientation.
    orientation = exif.orientation_of(picture.getexif())
    turned = orientation in (5, 6, 7, 8) or (orientation == 1 and exif.orientation_of(told) in (5, 6, 7, 8))
    pixels = exif.upright(_shallow_to_srgb(picture), orientation)
    wide = pixels.shape[0] if turned else pixels.shape[1]
    return _finish(pixels, name, focal * wide / width, max_side)


def _shallow_to_srgb(picture: Pillow.Image) -> Array:
    """(H, W, 1|3|4) uint8 sRGB from any mode of Pillow; float32 from its deep modes."""
    profile = picture.info.get("icc_profile")
    mode = picture.mode
    if mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        pixels = np.asarray(picture).astype(np.float32)
        return (pixels if mode == "F" else pixels / np.float32(65535))[:, :, None]
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif mode in ("1", "L"):
        picture = picture.convert("L")
    elif mode == "CMYK":
        pass
    elif mode != "RGB":
        # Palettes, YCbCr, Lab, HSV; a profile of those is a profile of their RGB.
        picture = picture.convert("RGB")
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    if alpha is not None:
        picture = picture.convert("RGB") if not profile or mode != "LA" else picture.convert("L")
    if profile:
        picture = icc.convert_8bit(picture, profile)
    if picture.mode == "CMYK":
        picture = picture.convert("RGB")
    pixels = np.asarray(picture)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if alpha is not None:
        if pixels.shape[2] == 1:
            pixels = pixels.repeat(3, axis=2)
        pixels = np.concatenate([pixels, np.asarray(alpha)[:, :, None]], axis=2)
    return pixels


def _deep_to_srgb(deep: Array, profile: bytes | None) -> NDArray[np.float32]:
    pixels = _float(deep)
    if not profile:
        return pixels
    colour, alpha = (pixels[:, :, :3], pixels[:, :, 3:]) if pixels.shape[2] == 4 else (pixels, None)
    converted = icc.convert_deep(colour, profile)
    if converted is None:
        # A profile of look-up tables: LittleCMS knows it, in 8 bits.
        from PIL import Image as Pillow

        shallow = Image(np.ascontiguousarray(colour)).as_uint8()
        picture = Pillow.fromarray(shallow[:, :, 0] if shallow.shape[2] == 1 else shallow)
        result = icc.convert_8bit(picture, profile)
        if result is picture:
            return pixels
        converted = (np.asarray(result, np.float32) / np.float32(255)).reshape(colour.shape)
    if deep.dtype.kind == "u":
        # Colours outside sRGB, as with 8 bits: integers promise 0..1.
        converted = np.clip(converted, 0, 1)
    return converted if alpha is None else np.concatenate([converted, alpha], axis=2)


def _decode_deep_png(data: bytes) -> Array:
    """(H, W, 1|3|4) uint16, which Pillow would cut to 8 bits."""
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("the PNG data is damaged or cut off")
    return _from_bgr(pixels)


def _decode_deep_tiff(data: bytes, name: str) -> Array | None:
    """The first page as stored if it has more than 8 bits a sample, (H, W, 1|3|4), else ``None``."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        _guard(name, page.imagewidth, page.imagelength)
        if page.dtype is None or page.dtype.itemsize == 1 or page.bitspersample <= 8:
            return None
        if page.samplesperpixel > 8 or page.imagedepth > 1:
            raise NodeError(f"{name} has {page.samplesperpixel} samples a pixel; expected 1 to 4")
        extra = page.extrasamples
        inverted = page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
        if page.photometric not in (0, 1, 2):
            return None
        try:
            pixels = page.asarray()
            if page.planarconfig == 2 and page.samplesperpixel > 1 and pixels.ndim == 3:
                pixels = np.moveaxis(pixels, 0, -1)
        except (ValueError, KeyError, ImportError):
            # LZW and its like need an optional package of tifffile's; OpenCV brings its own.
            import cv2

            decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            if decoded is None:
                raise ValueError("its pixels are damaged or compressed in an unknown way") from None
            pixels = _from_bgr(decoded)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if inverted and pixels.dtype.kind == "u":
        pixels = np.iinfo(pixels.dtype).max - pixels
    if pixels.shape[2] == 2:
        pixels = np.concatenate([pixels[:, :, :1].repeat(3, axis=2), pixels[:, :, 1:]], axis=2)
    pixels = pixels[:, :, :4]
    if pixels.shape[2] == 4 and extra and extra[0] == 1:
        alpha = _float(pixels[:, :, 3:])
        pixels = np.concatenate([_float(pixels[:, :, :3]) / np.where(alpha > 0, alpha, 1), alpha], axis=2)
    return np.asarray(pixels)


def _decode_hdr(data: bytes, name: str) -> NDArray[np.float32]:
    """(H, W, 3) float32 linear light of a Radiance file."""
    import cv2

    for line in data[:65536].split(b"\n\n", 1)[-1].split(b"\n", 1)[:1]:
        words = line.split()
        if len(words) == 4 and words[1].isdigit() and words[3].isdigit():
            _guard(name, int(words[3][:12]), int(words[1][:12]))
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("the Radiance data is damaged or cut off")
    return np.asarray(_from_bgr(pixels), np.float32)


def _encoded(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light to sRGB; alpha is no light and stays."""
    if light.shape[2] < 4:
        return srgb.encode(light)
    return np.concatenate([srgb.encode(light[:, :, :3]), light[:, :, 3:]], axis=2)


def _from_bgr(pixels: Array) -> Array:
    if pixels.ndim == 2:
        return pixels[:, :, None]
    return np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3][: pixels.shape[2]]])


def _float(stored: Array) -> NDArray[np.float32]:
    """Unsigned integers by their range, floats as they are."""
    if stored.dtype.kind == "f":
        return stored.astype(np.float32, copy=False)
    if stored.dtype.kind != "u":
        raise ValueError(f"its samples are {stored.dtype}; expected unsigned integers or floats")
    # Divided in double precision, so that writing gets the very same integer back.
    if stored.dtype.itemsize > 2:
        return (stored / float(np.iinfo(stored.dtype).max)).astype(np.float32)
    return stored.astype(np.float32) / np.float32(np.iinfo(stored.dtype).max)


def _guard(name: str, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width} x {height}")


def _guard_png(data: bytes, name: str) -> None:
    """A header that promises more pixels than the file can hold would cost gigabytes before it is found out."""
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    _guard(name, width, height)
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(data[25] if len(data) > 25 else -1, 0)
    # Deflate makes 1,032 bytes of one at most.
    if width * height * samples * data[24] // 8 > 1100 * len(data) + 100_000:
        raise NodeError(
            f"{name} declares {width} x {height} pixels, more than the file holds",
            hint="it is cut off or damaged; copy it again",
        )


def _too_large(name: str, size: str) -> NodeError:
    return NodeError(
        f"{name} declares {size} pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels",
        hint="make the picture smaller or cut it into parts",
    )


def _finish(pixels: Array, name: str, focal: float, max_side: int | None) -> Image:
    image = Image(pixels, name, float(focal))
    if max_side is None or max(pixels.shape[:2]) <= max_side:
        return image
    scale = max_side / max(pixels.shape[:2])
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return image.with_pixels(resized(pixels, width, height))


def resized(pixels: Array, width: int, height: int) -> Array:
    """(H, W, C) uint8 (Lanczos) or float32 (area average), smaller; alpha weighs the colours beside it."""
    import cv2
    from PIL import Image as Pillow

    channels = pixels.shape[2]
    if pixels.dtype == np.uint8:
        picture = Pillow.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
        if channels == 4:
            picture = (
                picture.convert("RGBa").resize((width, height), Pillow.Resampling.LANCZOS).convert("RGBA")
            )
        else:
            picture = picture.resize((width, height), Pillow.Resampling.LANCZOS)
        return np.asarray(picture).reshape(height, width, channels)
    if channels == 4:
        pixels = np.concatenate([pixels[:, :, :3] * pixels[:, :, 3:], pixels[:, :, 3:]], axis=2)
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, channels)
    if channels == 4:
        small[:, :, :3] = small[:, :, :3] / np.where(small[:, :, 3:] > 0, small[:, :, 3:], 1)
    return np.asarray(small)
