from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, Range, Run, Seed, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._pixels import Floats, as_dtype, check_size, strips


@node("Generate", aliases=("solid", "gradient", "noise", "checker", "colour", "test pattern", "empty image"))
def generate(
    kind: Literal["solid", "gradient", "radial", "checker", "noise", "clouds"] = "solid",
    width: Annotated[int, Range(1, 65536, unit="px")] = 512,
    height: Annotated[int, Range(1, 65536, unit="px")] = 512,
    first: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    second: Annotated[tuple[float, float, float], Colour()] = (1.0, 1.0, 1.0),
    angle: Annotated[float, Range(-360, 360, unit="deg")] = 0.0,
    cell: Annotated[int, Range(1, 65536, unit="px")] = 64,
    seed: Annotated[int, Seed()] = 0,
    depth: Literal["8 bit", "float"] = "8 bit",
    *,
    run: Run,
) -> Image:
    """Make an RGB picture out of nothing, from two colours.

    kind: "solid" is first alone; "gradient" runs from first to second, "radial" from the middle to the
      corners; "checker" alternates; "noise" mixes the two anew in every pixel, "clouds" smoothly in five
      octaves
    width: of the picture
    height: of the picture
    first: colour that the picture begins with
    second: colour that it mixes with
    angle: of the gradient: 0 runs to the right, 90 upwards
    cell: side of a square of the checker, or size of the largest clouds
    seed: of noise and clouds
    depth: "float" has no steps between values
    """
    check_size(width, height)
    dtype = np.dtype(np.uint8 if depth == "8 bit" else np.float32)
    start, end = np.array(first, np.float32), np.array(second, np.float32)
    if kind == "solid":
        return Image(np.broadcast_to(as_dtype(start, dtype), (height, width, 3)))
    made = np.empty((height, width, 3), dtype)
    generator = np.random.default_rng(seed)
    octaves = _octaves(width, height, cell, generator) if kind == "clouds" else []
    columns = np.arange(width, dtype=np.float32)[None] + np.float32(0.5)
    for rows in strips(height, width, run, "painting"):
        lines = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5)
        if kind == "gradient":
            share = _ramp(columns, lines, width, height, angle)
        elif kind == "radial":
            share = np.hypot(columns - width / 2, lines - height / 2) / np.float32(
                math.hypot(width, height) / 2
            )
        elif kind == "checker":
            share = ((columns // cell + lines // cell) % 2).astype(np.float32)
        elif kind == "noise":
            share = generator.random((rows.stop - rows.start, width), np.float32)
        else:
            share = _clouds(octaves, columns, lines)
        made[rows] = as_dtype(start + share[:, :, None] * (end - start), dtype)
    return Image(made)


def _ramp(columns: Floats, lines: Floats, width: int, height: int, angle: float) -> Floats:
    """0..1 from corner to corner along the direction of ``angle``."""
    x, y = math.cos(math.radians(angle)), -math.sin(math.radians(angle))
    length = abs(x) * width + abs(y) * height
    along = (columns - width / 2) * np.float32(x) + (lines - height / 2) * np.float32(y)
    return np.clip(along / np.float32(length) + np.float32(0.5), 0, 1)


def _octaves(width: int, height: int, cell: int, generator: np.random.Generator) -> list[tuple[int, Floats]]:
    """Grids of random values, each half as wide as the one before."""
    made = []
    for octave in range(5):
        pitch = max(1, cell >> octave)
        made.append((pitch, generator.random((height // pitch + 3, width // pitch + 3), np.float32)))
    return made


def _clouds(octaves: list[tuple[int, Floats]], columns: Floats, lines: Floats) -> Floats:
    """Value noise: the grids interpolated smoothly and added, each at half the weight of the one before."""
    total = np.zeros((lines.shape[0], columns.shape[1]), np.float32)
    for octave, (pitch, grid) in enumerate(octaves):
        (row, down), (column, across) = (_cell(lines[:, 0] / pitch), _cell(columns[0] / pitch))
        upper = grid[row][:, column] * (1 - across) + grid[row][:, column + 1] * across
        lower = grid[row + 1][:, column] * (1 - across) + grid[row + 1][:, column + 1] * across
        total += (upper * (1 - down[:, None]) + lower * down[:, None]) * np.float32(0.5 ** (octave + 1))
    # The weights add up to 31/32, and sums of random values crowd about the middle: stretched, then cut.
    return np.clip((total - np.float32(31 / 64)) * np.float32(1.6) + np.float32(0.5), 0, 1)


def _cell(position: Floats) -> tuple[np.ndarray, Floats]:
    """The grid line before each position and the smoothed way to the next."""
    line = np.floor(position).astype(int)
    way = position - line
    return line, (way * way * (3 - 2 * way)).astype(np.float32)
