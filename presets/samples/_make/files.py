"""Photographs as a camera leaves them: JPEG with EXIF."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from . import lens

_START = datetime(2025, 5, 17, 16, 12, 8)


def save_jpeg(path: Path, pixels, shot: lens.Shot, number: int, quality: int) -> None:
    """Write ``pixels`` (H, W, 3) uint8 with what a compact camera notes down."""
    from PIL import Image
    from PIL.TiffImagePlugin import IFDRational

    taken = (_START + timedelta(seconds=11 * number)).strftime("%Y:%m:%d %H:%M:%S")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Meshloom", "Ray traced", 1  # make, model, orientation
    exif[0x0131], exif[0x0132] = "presets/samples/make_sample.py", taken  # software, date
    detail = exif.get_ifd(0x8769)
    detail[0x829A] = IFDRational(1, round(50 / 2.0**shot.stops))  # exposure time
    detail[0x829D] = IFDRational(24, 10)  # f-number
    detail[0x8827] = 200  # ISO
    detail[0x9003] = taken
    detail[0x920A] = IFDRational(round(lens.EXIF_MM * 10), 10)
    detail[0xA002], detail[0xA003] = lens.WIDTH, lens.HEIGHT
    detail[0xA405] = lens.EXIF_35MM
    picture = Image.fromarray(pixels)
    picture.save(path, quality=quality, optimize=True, progressive=True, exif=exif)
