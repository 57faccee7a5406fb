from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, NodeError, OpenFile, Range, Run, Slider, node
from meshloom.graph_runtime.types import Image, Text
from meshloom.nodes.image._drawing import drawn, font_of, wrapped
from meshloom.nodes.image._light import LUMINANCE, to_linear, to_srgb
from meshloom.nodes.image._modes import MODES
from meshloom.nodes.image._over import over
from meshloom.nodes.image._pixels import alpha_of, as_dtype, colours_of, has_alpha

Place = Literal[
    "top left",
    "top",
    "top right",
    "left",
    "centre",
    "right",
    "bottom left",
    "bottom",
    "bottom right",
    "below",
]


@node("Write text", aliases=("caption", "label", "title", "annotate", "watermark", "overlay"))
def text(
    image: Image,
    text: Text,
    place: Place = "bottom",
    size: Annotated[float, Slider(0.5, 50, unit="%")] = 5.0,
    colour: Annotated[tuple[float, float, float], Colour()] = (1.0, 1.0, 1.0),
    opacity: Annotated[float, Slider(0, 1)] = 1.0,
    box_colour: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    box_opacity: Annotated[float, Slider(0, 1)] = 0.5,
    margin: Annotated[float, Range(0, 50, unit="%")] = 2.0,
    font: Annotated[Path | None, OpenFile(("*.ttf", "*.otf"))] = None,
    *,
    run: Run,
) -> Image:
    """Write words on the picture, or on a strip below it. Long lines are broken to fit.

    place: "below" adds a strip of the box's colour under the picture
    size: height of the letters, of the picture's shorter side
    colour: of the letters
    opacity: of the letters
    box_colour: of the box behind the words
    box_opacity: 0 = no box
    margin: between words and border, of the picture's shorter side
    font: a TrueType or OpenType file; without it Aileron, which comes with Pillow and knows Latin letters
    """
    words = text.text.strip("\n")
    if not words.strip():
        return image
    shorter = min(image.width, image.height)
    letters, space = font_of(max(6.0, shorter * size / 100), font), round(shorter * margin / 100)
    room = image.width - 4 * space
    if room < 1:
        raise NodeError(
            f"a margin of {margin:g} % leaves no room for words in {image.width} pixels",
            hint="choose a smaller one",
        )
    run.progress(0, 1, "writing")
    vertical = place.split()[0]
    side = place.split()[-1]
    align = side if side in ("left", "right") else "center"
    glyphs = drawn(wrapped(words, letters, room), letters, align)
    box = (glyphs.shape[1] + 2 * space, glyphs.shape[0] + 2 * space)
    pixels = image.pixels
    if place == "below":
        strip = np.zeros((box[1], image.width, pixels.shape[2]), pixels.dtype)
        strip[:] = as_dtype(_paint(box_colour, pixels.shape[2]), pixels.dtype)
        pixels = np.concatenate([pixels, strip], axis=0)
    made = Image(pixels, image.name, image.focal_px)
    left = {"left": space, "right": made.width - box[0] - space}.get(align, (made.width - box[0]) // 2)
    middle = (made.height - box[1]) // 2
    top = {"top": space, "bottom": made.height - box[1] - space, "below": image.height}.get(vertical, middle)
    ground = np.zeros(made.pixels.shape[:2], np.float32)
    ink = np.zeros_like(ground)
    _put(ink, glyphs, left + space, top + space)
    if place != "below" and box_opacity > 0:
        _put(ground, np.full(box[::-1], box_opacity, np.float32), left, top)
        made = _painted(made, ground, box_colour)
    made = _painted(made, ink * np.float32(opacity), colour)
    run.progress(1, 1, "written")
    return made


def _paint(colour: tuple[float, float, float], channels: int) -> np.ndarray:
    """The colour in as many channels, opaque; luminance for grey."""
    paint = np.array(colour, np.float32)
    if channels == 1:
        return to_srgb(to_linear(paint) @ LUMINANCE[:, None])
    return paint if channels == 3 else np.append(paint, np.float32(1))


def _put(canvas: np.ndarray, part: np.ndarray, left: int, top: int) -> None:
    """Copy ``part`` to where it lies on the canvas; what reaches beyond is cut off."""
    x, y = max(0, left), max(0, top)
    part = part[y - top :, x - left :]
    part = part[: max(0, canvas.shape[0] - y), : max(0, canvas.shape[1] - x)]
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part


def _painted(image: Image, coverage: np.ndarray, colour: tuple[float, float, float]) -> Image:
    """``image`` with ``colour`` laid over it where it is covered; mixed as stored, as screens do."""
    rows = np.flatnonzero(coverage.any(axis=1))
    if not len(rows):
        return image
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    strip = Image(image.pixels[part])
    colours, alpha = colours_of(strip), alpha_of(strip)
    top = np.broadcast_to(_paint(colour, colours.shape[2]), colours.shape)
    colours, alpha = over(colours, alpha, top, coverage[part, :, None], MODES["normal"])
    made = np.array(image.pixels)
    made[part, :, : colours.shape[2]] = as_dtype(colours, made.dtype)
    if has_alpha(image) and alpha is not None:
        made[part, :, 3:] = as_dtype(alpha, made.dtype)
    return Image(made, image.name, image.focal_px)
