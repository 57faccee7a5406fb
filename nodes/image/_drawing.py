"""Words drawn with Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont


def font_of(size: float, path: Path | None = None) -> FreeTypeFont | Any:
    """The font in ``path``, or the one that comes with Pillow (Aileron), at ``size`` pixels."""
    from PIL import ImageFont

    if path is None:
        return ImageFont.load_default(max(1.0, size))
    try:
        return ImageFont.truetype(str(path), max(1, round(size)))
    except OSError as error:
        raise NodeError(
            f"{path.name} cannot be read as a font ({error})", hint="choose a .ttf or .otf file"
        ) from error


def wrapped(text: str, font: Any, width: float) -> str:
    """``text`` with line breaks so that no line is wider than ``width`` pixels, unless a single word is."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and font.getlength(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return "\n".join(lines)


def shortened(text: str, font: Any, width: float) -> str:
    """``text``, or its two ends with an ellipsis between so that it is no wider than ``width`` pixels."""
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        shorter = f"{text[: (kept + 1) // 2]}...{text[len(text) - kept // 2 :]}"
        if font.getlength(shorter) <= width:
            return shorter
    return ""


def drawn(text: str, font: Any, align: str = "left") -> NDArray[np.float32]:
    """(h, w) coverage 0..1 of the words, tight around the lines' full height."""
    from PIL import Image, ImageDraw

    probe = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = probe.multiline_textbbox((0, 0), text, font=font, align=align)
    ascent, descent = font.getmetrics()
    top, bottom = min(top, 0), max(bottom, ascent + descent)
    size = (max(1, int(np.ceil(right - left))), max(1, int(np.ceil(bottom - top))))
    canvas = Image.new("L", size)
    ImageDraw.Draw(canvas).multiline_text((-left, -top), text, fill=255, font=font, align=align)
    return np.asarray(canvas, np.float32) / np.float32(255)
