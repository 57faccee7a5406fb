"""A comparison as a picture: bars with intervals, shape by shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meshloom.graph_runtime.types import Image

if TYPE_CHECKING:
    from meshloom.kernels.attention.bench import Result, Row

WIDTH, LEFT, RIGHT, LINE, MARGIN = 960, 190, 300, 34, 24
BACK, INK, FAINT = (24, 26, 31), (232, 234, 238), (140, 146, 156)
#: Of verdicts; the baseline's and what did not run are grey.
COLOURS = {"faster": (72, 178, 120), "slower": (208, 106, 86), "indistinguishable": (104, 140, 196)}


def picture_of(result: Result) -> Image:
    """(H, 960, 3) uint8. A bar is the time of a call, its whisker the 95 % interval."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    lines = sum(2 + len(held.rows) for held in result.specs)
    picture = Pillow.new("RGB", (WIDTH, 2 * MARGIN + 44 + lines * LINE), BACK)
    draw = ImageDraw.Draw(picture)
    fonts = {size: ImageFont.load_default(size) for size in (17, 20, 24)}
    draw.text((MARGIN, MARGIN), f"Attention on {result.conditions['device']}", INK, fonts[24])
    y = MARGIN + 48
    for held in result.specs:
        noise = f"A/A noise \u00b1 {held.noise:.1%}" if held.null is not None else "A/A not measured"
        draw.text((MARGIN, y), held.spec, INK, fonts[20])
        draw.text((WIDTH - MARGIN, y), noise, FAINT, fonts[17], anchor="ra")
        y += LINE
        longest = max((row.ms_high for row in held.rows if row.status == "ok"), default=1.0)
        for row in held.rows:
            _bar(draw, fonts, row, y, min(longest, 1e9))
            y += LINE
        y += LINE // 2
    return Image(np.asarray(picture, np.uint8), "attention kernels")


def _bar(draw: Any, fonts: dict[int, Any], row: Row, y: int, longest: float) -> None:
    draw.text((LEFT - 12, y + 4), row.kernel, INK, fonts[17], anchor="ra")
    if row.status != "ok":
        reason = row.reason if len(row.reason) < 78 else row.reason[:76] + "\u2026"
        draw.text((LEFT, y + 4), f"{row.status}: {reason}", FAINT, fonts[17])
        return
    reach = WIDTH - LEFT - RIGHT - MARGIN

    def along(ms: float) -> int:
        return LEFT + round(reach * min(ms / longest, 1.0))

    draw.rectangle((LEFT, y + 3, along(row.ms), y + 23), COLOURS.get(row.verdict, FAINT))
    draw.line((along(row.ms_low), y + 13, along(row.ms_high), y + 13), INK, 2)
    for end in (along(row.ms_low), along(row.ms_high)):
        draw.line((end, y + 9, end, y + 17), INK, 2)
    said = f"{row.ms:.3g} ms"
    if row.speedup > 0:
        said += f"  {row.speedup:.2f}x {row.verdict}"
    draw.text((WIDTH - RIGHT, y + 4), said, INK, fonts[17])
