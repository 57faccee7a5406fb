from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Colour, NodeError, Range, Run, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._drawing import drawn, font_of, shortened
from meshloom.nodes.image._light import linear_colours, luminance, to_linear, to_srgb
from meshloom.nodes.image._pixels import alpha_of, check_size


@node("Contact sheet", aliases=("grid", "overview", "montage", "index", "thumbnails", "side by side"))
def contact_sheet(
    images: Sequence[Image],
    columns: Annotated[int, Range(0, 1000)] = 0,
    cell_width: Annotated[int, Range(16, 8192, unit="px")] = 320,
    cell_height: Annotated[int, Range(0, 8192, unit="px")] = 0,
    gap: Annotated[int, Range(0, 1000, unit="px")] = 8,
    labels: bool = True,
    names: tuple[str, ...] = (),
    background: Annotated[tuple[float, float, float], Colour()] = (0.12, 0.12, 0.12),
    *,
    run: Run,
) -> Image:
    """Lay pictures out in a grid, row by row, each whole and in the middle of its cell. 8-bit RGB.

    columns: 0 = whatever makes the sheet about as wide as high
    cell_width: width of a cell; a smaller picture is not enlarged beyond it
    cell_height: 0 = what the pictures need
    gap: between cells and around the sheet
    labels: write the name of each picture below it
    background: between the pictures, and behind transparent ones
    names: labels in the order of the pictures; where there are none, the pictures' own names or numbers
    """
    if not images:
        raise NodeError("there are no pictures to lay out", hint="link at least one")
    if not cell_height:
        cell_height = max(1, math.ceil(max(cell_width * image.height / image.width for image in images)))
        # One very tall picture must not stretch all cells.
        cell_height = min(cell_height, 4 * cell_width)
    size = max(10, min(28, cell_width // 16))
    label_height = round(size * 1.7) if labels else 0
    step_x, step_y = cell_width + gap, cell_height + label_height + gap
    if not columns:
        columns = max(1, round(math.sqrt(len(images) * step_y / step_x)))
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    width, height = columns * step_x + gap, rows * step_y + gap
    check_size(width, height)
    paint = np.array(background, np.float32)
    ink = 1.0 if luminance(to_linear(paint)).item() < 0.18 else 0.0
    sheet = np.empty((height, width, 3), np.uint8)
    sheet[:] = Image(paint[None, None]).as_uint8()
    font = font_of(size)
    for index, image in enumerate(images):
        run.progress(index, len(images), f"picture {index + 1} of {len(images)}")
        left, top = gap + index % columns * step_x, gap + index // columns * step_y
        small = _shown(image, cell_width, cell_height, paint)
        x, y = left + (cell_width - small.shape[1]) // 2, top + (cell_height - small.shape[0]) // 2
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
        if labels:
            text = names[index] if index < len(names) else image.name or str(index + 1)
            _write(
                sheet, shortened(text, font, cell_width), font, left + cell_width / 2, top + cell_height, ink
            )
    run.progress(1, 1, "laid out")
    return Image(sheet, "contact sheet")


def _shown(image: Image, width: int, height: int, paint: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8: ``image`` within width x height, over ``paint``; averaged in linear light."""
    import cv2

    light = np.nan_to_num(linear_colours(image), posinf=1.0, neginf=0.0)
    light = np.repeat(light, 3, axis=2) if light.shape[2] == 1 else light
    alpha = alpha_of(image)
    if alpha is not None:
        light = light * alpha + to_linear(paint) * (1 - alpha)
    factor = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    # Small pictures are shown pixel by pixel: a sheet is for looking at what is there.
    kernel = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    light = cv2.resize(np.ascontiguousarray(light), size, interpolation=kernel)
    return Image(to_srgb(light)).as_uint8()


def _write(sheet: np.ndarray, text: str, font: object, middle: float, top: int, ink: float) -> None:
    if not text:
        return
    letters = drawn(text.replace("\n", " "), font)[:, :, None]
    left = max(0, round(middle - letters.shape[1] / 2))
    place = sheet[top + 2 : top + 2 + letters.shape[0], left : left + letters.shape[1]]
    letters = letters[: place.shape[0], : place.shape[1]]
    place[:] = (place * (1 - letters) + 255 * ink * letters + 0.5).astype(np.uint8)
