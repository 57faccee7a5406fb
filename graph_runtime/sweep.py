"""Sweeps: a grid over any parameters of a graph. Cells share every common result through the cache."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.places import find_param, from_text, param_of, with_params
from meshloom.graph_runtime.spec import NodeSpec
from meshloom.graph_runtime.thumbnails import Pixels, png
from meshloom.graph_runtime.types import Table

#: A grid larger than this is taken for a slip of the keyboard.
MOST_CELLS = 10_000

#: About how wide and high a contact sheet may become.
MOST_PIXELS = 12_000


@dataclass(frozen=True)
class Axis:
    """A parameter (``node.param``) and the values it takes."""

    place: str
    values: tuple[Any, ...]


@dataclass
class Cell:
    """One point of the grid. ``numbers``: scalar results, for the CSV. ``pictures``: by target, for sheets."""

    index: int
    settings: dict[str, Any]
    status: str = ""
    seconds: float = 0.0
    message: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, Pixels] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder of the cell: its number and its settings, safe in a file name."""
        said = "_".join(f"{place.rpartition('.')[2]}={_label(held)}" for place, held in self.settings.items())
        return f"{self.index:03d}_" + re.sub(r"[^\w.=+-]+", "-", said)[:116]


def parse_axis(text: str, graph: GraphData, catalog: Mapping[str, NodeSpec]) -> Axis:
    """``node.param=a,b,c`` (``;`` between values that hold commas). Raises :class:`RequestError`."""
    place, equals, listed = text.partition("=")
    found = find_param(graph, catalog, place)
    if isinstance(found, Problem):
        raise RequestError(found)
    parts = [part.strip() for part in listed.split(";" if ";" in listed else ",")]
    if not equals or not all(parts):
        raise RequestError(Problem(text, "is no axis; expected node.param=a,b,c"))
    param = param_of(graph, catalog, place)
    return Axis(place, tuple(from_text(param, part) for part in parts))


def cells(axes: Sequence[Axis]) -> list[Cell]:
    """Every combination, the last axis turning fastest."""
    places = [axis.place for axis in axes]
    twice = {place for place in places if places.count(place) > 1}
    if twice:
        raise RequestError(*(Problem(place, "is swept twice", "give one --sweep") for place in twice))
    count = int(np.prod([len(axis.values) for axis in axes], dtype=object))
    if count > MOST_CELLS:
        raise RequestError(Problem("", f"the grid has {count} cells; at most {MOST_CELLS} are run"))
    grid = itertools.product(*(axis.values for axis in axes))
    return [Cell(index, dict(zip(places, values, strict=True))) for index, values in enumerate(grid)]


def picture_side(axes: Sequence[Axis]) -> int:
    """The side of each cell's picture: as large as a sheet of all of them can be looked at."""
    columns = len(axes[-1].values)
    rows = int(np.prod([len(axis.values) for axis in axes[:-1]], dtype=object))
    return max(24, min(320, MOST_PIXELS // max(columns, rows)))


def graph_of(cell: Cell, graph: GraphData, catalog: Mapping[str, NodeSpec]) -> GraphData:
    """The workflow of one cell."""
    return with_params(graph, catalog, cell.settings)


def numbers_of(name: str, value: Any) -> dict[str, Any]:
    """What of a result fits into one row of a CSV: a scalar, a table of one row, or of (name, number) rows."""
    if isinstance(value, (bool, int, float, str)):
        return {name: value}
    if not isinstance(value, Table):
        return {}
    if len(value.rows) == 1:
        return {f"{name}.{column}": held for column, held in zip(value.columns, value.rows[0], strict=True)}
    if len(value.columns) >= 2 and len(value.rows) <= 60:
        named = [row for row in value.rows if isinstance(row[0], str) and isinstance(row[1], (int, float))]
        return {f"{name}.{row[0]}": row[1] for row in named}
    return {}


def csv_of(axes: Sequence[Axis], done: Sequence[Cell]) -> bytes:
    """One row a cell: its settings, how it went, and its numbers."""
    columns = list(dict.fromkeys(name for cell in done for name in cell.numbers))
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(["cell", *(axis.place for axis in axes), "status", "seconds", "message", *columns])
    for cell in done:
        settings = [_label(cell.settings[axis.place]) for axis in axes]
        numbers = [cell.numbers.get(name, "") for name in columns]
        writer.writerow([cell.name, *settings, cell.status, f"{cell.seconds:.3f}", cell.message, *numbers])
    return held.getvalue().encode("utf-8", "replace")


def contact_sheet(axes: Sequence[Axis], done: Sequence[Cell], target: str) -> bytes | None:
    """A labelled grid of what a target gave, as PNG: the last axis across, the others down."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    shown = [cell.pictures[target] for cell in done if target in cell.pictures]
    if not shown:
        return None
    columns = len(axes[-1].values)
    rows = -(-len(done) // columns)
    wide, high = max(p.shape[1] for p in shown), max(p.shape[0] for p in shown)
    font = ImageFont.load_default(15)
    left = 12 + max((font.getlength(_row_label(axes, row, columns)) for row in range(rows)), default=0)
    gap, top = 10, 58
    sheet = Pillow.new(
        "RGB", (int(left) + gap + columns * (wide + gap), top + rows * (high + gap)), (247, 248, 250)
    )
    draw = ImageDraw.Draw(sheet)
    draw.text((12, 10), f"{target}: {' x '.join(axis.place for axis in axes)}", (32, 36, 42), font)
    for column, held in enumerate(axes[-1].values):
        x = int(left) + gap + column * (wide + gap)
        draw.text((x + wide / 2, 44), _label(held), (93, 102, 115), font, anchor="mm")
    for row in range(rows):
        y = top + row * (high + gap)
        draw.text((12, y + high / 2), _row_label(axes, row, columns), (93, 102, 115), font, anchor="lm")
        for column in range(columns):
            x = int(left) + gap + column * (wide + gap)
            cell = done[row * columns + column] if row * columns + column < len(done) else None
            if cell is not None and target in cell.pictures:
                picture = cell.pictures[target]
                at = (x + (wide - picture.shape[1]) // 2, y + (high - picture.shape[0]) // 2)
                sheet.paste(Pillow.fromarray(picture), at)
            elif cell is not None:
                draw.rectangle((x, y, x + wide, y + high), outline=(200, 120, 115))
                draw.text((x + wide / 2, y + high / 2), cell.status, (156, 31, 23), font, anchor="mm")
    return png(np.asarray(sheet, np.uint8))


def _row_label(axes: Sequence[Axis], row: int, columns: int) -> str:
    said = []
    for axis in reversed(axes[:-1]):
        row, place = divmod(row, len(axis.values))
        said.append(f"{axis.place.rpartition('.')[2]} = {_label(axis.values[place])}")
    return ", ".join(reversed(said)) or axes[-1].place.rpartition(".")[2]


def _label(held: Any) -> str:
    if isinstance(held, (list, tuple)):
        return "x".join(_label(item) for item in held)
    return f"{held:g}" if isinstance(held, float) else str(held).rpartition("/")[2]
