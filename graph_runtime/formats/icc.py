"""Embedded colour profiles to sRGB.

8-bit pixels go through LittleCMS. It has no deep pixels in Pillow, so 16-bit and float pixels are converted
here, in floating point, for profiles made of three curves and a matrix (or one curve, grey): Adobe RGB,
Display P3, ProPhoto and linear ones. Source: ICC.1:2022, sections 9 and 10.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.formats import srgb

if TYPE_CHECKING:
    from PIL import Image as Pillow

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]

#: Linear sRGB to XYZ adapted to D50, the profile connection space (the colorants of the sRGB profile).
_RGB_TO_PCS = np.array(
    [
        [0.43606567, 0.38514709, 0.14306641],
        [0.22248840, 0.71687317, 0.06060791],
        [0.01391602, 0.09707642, 0.71409607],
    ]
)
#: Profiles that differ from sRGB by less than this, anywhere, change no pixel.
_SAME = 1.5 / 1024
_ROWS_AT_ONCE = 64


def convert_8bit(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    """``picture`` (L, RGB or CMYK) in sRGB. Returned unchanged when the profile is sRGB, unfit or broken."""
    from PIL import Image as Pillow
    from PIL import ImageCms

    shaper = _Shaper.parse(profile)
    if shaper is not None and shaper.is_srgb():
        return picture
    target = "L" if picture.mode == "L" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            picture.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        converted = ImageCms.applyTransform(picture, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    if not isinstance(converted, Pillow.Image):
        return picture
    return converted if target == "RGB" else converted.getchannel("G")


def convert_deep(pixels: NDArray[np.float32], profile: bytes) -> NDArray[np.float32] | None:
    """(H, W, 1|3) float32 in sRGB, or ``None`` when the profile is not made of curves and a matrix."""
    shaper = _Shaper.parse(profile)
    if shaper is None or shaper.grey != (pixels.shape[2] == 1):
        return None
    if shaper.is_srgb():
        return pixels
    result = np.empty_like(pixels)
    for start in range(0, len(pixels), _ROWS_AT_ONCE):
        result[start : start + _ROWS_AT_ONCE] = shaper.to_srgb(pixels[start : start + _ROWS_AT_ONCE])
    return result


class _Shaper:
    """Curves to linear light, then a matrix to linear sRGB."""

    def __init__(self, curves: list[Curve], matrix: NDArray[np.float64] | None) -> None:
        self.curves = curves
        self.matrix = matrix

    @property
    def grey(self) -> bool:
        return self.matrix is None

    @classmethod
    def parse(cls, profile: bytes) -> _Shaper | None:
        """The curves and matrix in ``profile``, or ``None`` where it has others, or is broken."""
        try:
            space = profile[16:20]
            tags = _tags(profile)
            # A look-up table, where there is one, is what the maker meant; LittleCMS knows them.
            if b"A2B0" in tags or b"A2B1" in tags:
                return None
            if space == b"GRAY":
                return cls([_curve(tags[b"kTRC"])], None)
            if space != b"RGB ":
                return None
            columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
            curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        except (KeyError, struct.error, ValueError, IndexError):
            return None
        matrix = np.linalg.inv(_RGB_TO_PCS) @ np.array(columns).T
        return cls(curves, matrix) if np.isfinite(matrix).all() else None

    def to_srgb(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        linear = np.stack(
            [curve(pixels[..., band].astype(np.float64)) for band, curve in enumerate(self.curves)], axis=-1
        )
        if self.matrix is not None:
            linear = linear @ self.matrix.T
        return srgb.encode(linear.astype(np.float32))

    def is_srgb(self) -> bool:
        ramp = np.linspace(0, 1, 65, dtype=np.float32)
        if self.grey:
            probe = ramp[:, None]
        else:
            # Greys, and each primary and secondary from black to full.
            corners = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], np.float32)
            probe = (ramp[:, None, None] * corners).reshape(-1, 3)
        # Dark values are steep: what matters is the encoded difference, relative to a full step of 8 bit.
        return bool(np.abs(self.to_srgb(probe) - probe).max() < _SAME)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    tags: dict[bytes, bytes] = {}
    for index in range(min(count, 200)):
        name, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        tags[name] = profile[offset : offset + size]
    return tags


def _xyz(tag: bytes) -> list[float]:
    if tag[:4] != b"XYZ ":
        raise ValueError("not an XYZ tag")
    return [number / 65536 for number in struct.unpack_from(">3i", tag, 8)]


def _curve(tag: bytes) -> Curve:
    """A tone curve to linear light; beyond 0..1 a formula goes on and a table keeps its last value."""
    kind = tag[:4]
    if kind == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return lambda code: code
        if count == 1:
            return _power([struct.unpack_from(">H", tag, 12)[0] / 256], 0)
        table = np.frombuffer(tag, ">u2", count, 12).astype(np.float64) / 65535
        places = np.linspace(0, 1, count)
        return lambda code: np.interp(code, places, table)
    if kind == b"para":
        (form,) = struct.unpack_from(">H", tag, 8)
        if form > 4:
            raise ValueError("unknown curve")
        count = (1, 3, 4, 5, 7)[form]
        return _power([number / 65536 for number in struct.unpack_from(f">{count}i", tag, 12)], form)
    raise ValueError("not a curve")


def _power(numbers: list[float], form: int) -> Curve:
    """The parametric curves of ICC.1 table 68: y = (ax + b)^g + e from d on, cx + f below it."""
    gamma, a, b, c, d, e, f = (numbers + [0.0] * 7)[:7]
    if form == 0:
        a, b, c, d, e, f = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    elif form in (1, 2):
        # Type 1 is 0 below -b/a, type 2 is a constant there, added everywhere.
        e = f = c if form == 2 else 0.0
        c, d = 0.0, -b / a if a else 0.0
    elif form == 3:
        e = f = 0.0

    def apply(code: NDArray[np.float64]) -> NDArray[np.float64]:
        size = np.abs(code)
        with np.errstate(over="ignore", invalid="ignore"):
            high = np.power(np.maximum(a * size + b, 0.0), gamma) + e
        return np.copysign(np.where(size >= d, high, c * size + f), code)

    return apply
