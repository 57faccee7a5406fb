"""What a photograph says of itself: which way is up, and its focal length.

Source: CIPA DC-008 (Exif 2.32).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image as Pillow

ORIENTATION = 0x0112
_EXIF_IFD = 0x8769
_FOCAL_LENGTH, _FOCAL_35MM = 0x920A, 0xA405
_PIXELS_WIDE, _PIXELS_HIGH = 0xA002, 0xA003
_PLANE_RESOLUTION, _PLANE_RESOLUTION_Y, _PLANE_UNIT = 0xA20E, 0xA20F, 0xA210
#: Millimetres in a unit of the focal plane's resolution: inch, cm, mm, micrometre.
_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
#: CIPA defines the equivalent focal length by the diagonal of a 36 x 24 mm frame.
_DIAGONAL_35MM = math.hypot(36, 24)


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """(H, W, C) turned and mirrored as the Exif orientation (1..8) asks; other numbers change nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def orientation_of(exif: Pillow.Exif) -> int:
    """The orientation, 1 (upright) where it is absent or nonsense."""
    found = _number(exif.get(ORIENTATION))
    return int(found) if found in range(1, 9) else 1


def focal_px(exif: Pillow.Exif, width: int, height: int) -> float:
    """Focal length in pixels of the stored, unturned ``width`` x ``height``, or 0.0 where unknown.

    From the focal length and the resolution of the sensor where both are told and agree with the 35 mm
    equivalent within 20 % (some cameras tell the resolution of the preview), else from the latter, which is
    rounded to whole millimetres: 2 % at 24 mm.
    """
    # A TIFF may hold them in its main directory.
    told = {**exif, **exif.get_ifd(_EXIF_IFD)}
    equivalent = _number(told.get(_FOCAL_35MM)) * math.hypot(width, height) / _DIAGONAL_35MM
    focal_mm = _number(told.get(_FOCAL_LENGTH))
    per_mm = _number(told.get(_PLANE_RESOLUTION)) / _UNIT_MM.get(int(_number(told.get(_PLANE_UNIT))), 25.4)
    measured = 0.0
    if focal_mm > 0 and per_mm > 0:
        # The resolution is that of the picture as taken; this file may hold a smaller copy.
        taken_wide = _number(told.get(_PIXELS_WIDE)) or width
        sensor_mm = taken_wide / per_mm
        if 1.0 <= sensor_mm <= 120.0:
            measured = focal_mm / sensor_mm * width
    if measured and (not equivalent or abs(measured / equivalent - 1) < 0.2):
        return measured
    return equivalent if equivalent > 0 else 0.0


def exif_bytes(width: int, height: int, focal: float) -> bytes:
    """An Exif block that gives ``focal`` (pixels) back through :func:`focal_px`, or ``b""`` for 0.

    The sensor is said to be 36 mm wide, as nothing is known of the real one.
    """
    if not (focal > 0 and math.isfinite(focal)):
        return b""
    from PIL import Image as Pillow
    from PIL.TiffImagePlugin import IFDRational

    focal_mm = focal * 36.0 / width
    equivalent = round(focal * _DIAGONAL_35MM / math.hypot(width, height))
    if focal_mm * 100_000 >= 2**32:
        return b""
    block = Pillow.Exif()
    told = block.get_ifd(_EXIF_IFD)
    told[_FOCAL_LENGTH] = IFDRational(round(focal_mm * 100_000), 100_000)
    told[_PIXELS_WIDE], told[_PIXELS_HIGH] = width, height
    told[_PLANE_RESOLUTION] = told[_PLANE_RESOLUTION_Y] = IFDRational(width * 10, 36)
    told[_PLANE_UNIT] = 3
    if 0 < equivalent < 65536:
        told[_FOCAL_35MM] = equivalent
    return block.tobytes()


def tiff_tags(width: int, focal: float) -> list[tuple[int, str, int, Any, bool]]:
    """The same as :func:`exif_bytes` as extra tags for ``tifffile``: (code, type, count, value, once)."""
    focal_mm = focal * 36.0 / width
    if not 0 < focal_mm * 100_000 < 2**32:
        return []
    return [
        (_FOCAL_LENGTH, "2I", 1, (round(focal_mm * 100_000), 100_000), True),
        (_PIXELS_WIDE, "I", 1, width, True),
        (_PLANE_RESOLUTION, "2I", 1, (width * 10, 36), True),
        (_PLANE_UNIT, "H", 1, 3, True),
    ]


def _number(found: Any) -> float:
    """``found`` as a finite number, 0.0 where it is none: Exif in the wild holds 0/0, text and tuples."""
    if isinstance(found, tuple) and found:
        found = found[0]
    try:
        number = float(found)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0
