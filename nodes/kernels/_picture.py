"""A comparison as a picture: bars with intervals, shape by shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meshloom.graph_runtime.types import Image

if TYPE_CHECKING:
    from meshloom.kernels.attention.bench import Result, Row
    from meshloom.nodes.kernels._in_model import Arm

WIDTH, LEFT, RIGHT, LINE, MARGIN = 960, 190, 300, 34, 24
BACK, INK, FAINT = (24, 26, 31), (232, 234, 238), (140, 146, 156)
#: Of verdicts; the baseline's and what did not run are grey.
COLOURS = {"faster": (72, 178, 120), "slower": (208, 106, 86), "indistinguishable": (104, 140, 196)}


def picture_of(result: Result) -> Image:
    """(H, 960, 3) uint8. A bar is the time of a call, its whisker the 95 % interval."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    height = sum(LINE * (1 + len(held.rows)) + LINE // 2 for held in result.specs)
    picture = Pillow.new("RGB", (WIDTH, 2 * MARGIN + 48 + height - LINE // 2), BACK)
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


def picture_of_arms(arms: list[Arm], noise: float, title: str) -> Image:
    """(H, 960, 3) uint8. Times in a model as bars with 95 % intervals; below, what each kernel made."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    shown = [arm for arm in arms if arm.picture is not None and not arm.failure]
    side = min(300, (WIDTH - 2 * MARGIN) // max(1, len(shown)) - 12)
    tall = max(
        (round(side * min(1, a.picture.height / a.picture.width)) for a in shown if a.picture), default=-LINE
    )
    top = MARGIN + 48 + LINE * (1 + len(arms))
    picture = Pillow.new("RGB", (WIDTH, top + tall + LINE + MARGIN), BACK)
    draw = ImageDraw.Draw(picture)
    fonts = {size: ImageFont.load_default(size) for size in (17, 20, 24)}
    draw.text((MARGIN, MARGIN), title, INK, fonts[24])
    draw.text((WIDTH - MARGIN, MARGIN + 48), f"A/A noise \u00b1 {noise:.1%}", FAINT, fonts[17], anchor="ra")
    rows = [_row_of(arm, arms[0], noise) for arm in arms]
    longest = max((row.ms_high for row in rows if row.status == "ok"), default=1.0)
    for index, row in enumerate(rows):
        _bar(draw, fonts, row, MARGIN + 48 + LINE * (1 + index), min(longest, 1e9))
    for index, arm in enumerate(shown):
        assert arm.picture is not None
        pixels = arm.picture.as_float()
        small = Pillow.fromarray(np.round(255 * pixels[..., :3]).clip(0, 255).astype(np.uint8))
        scale = side / max(small.size)
        small = small.resize((round(small.width * scale), round(small.height * scale)))
        x = MARGIN + index * (side + 12)
        picture.paste(small, (x, top + 8))
        said = "baseline" if arm is arms[0] else f"{arm.difference:.1f} dB" if arm.difference else "equal"
        draw.text((x, top + 14 + small.height), f"{arm.name}: {said}", FAINT, fonts[17])
    return Image(np.asarray(picture, np.uint8), "attention kernels in a model")


def _row_of(arm: Arm, base: Arm, noise: float) -> Row:
    from meshloom.kernels.attention.bench import Row
    from meshloom.kernels.attention.stats import judge, median_interval
    from meshloom.nodes.kernels._in_model_showing import speedup

    row = Row(arm.name, arm.kernel.title, arm.kernel.fingerprint, arm.kernel.exact)
    if arm.failure or not arm.times:
        row.status, row.reason = "failed", arm.failure
        return row
    held = median_interval([1000 * seconds for seconds in arm.times])
    row.ms, row.ms_low, row.ms_high = held.middle, held.low, held.high
    row.verdict, row.speedup = "baseline", 1.0
    against = speedup(arm, base)
    if against is not None:
        row.speedup, row.verdict = against.middle, judge(against, noise)
    return row


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
    said = f"{row.ms:.3g} ms" if row.ms < 1000 else f"{row.ms / 1000:.3g} s"
    if row.speedup > 0:
        said += f"  {row.speedup:.2f}x {row.verdict}"
    draw.text((WIDTH - RIGHT, y + 4), said, INK, fonts[17])
