from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Figure, Series, Table
from meshloom.nodes.table._cells import column_index, is_number


@node("Plot", aliases=("chart", "graph", "curve", "scatter", "bar chart", "diagram"))
def plot(
    table: Table,
    x: str = "",
    y: tuple[str, ...] = (),
    kind: Literal["line", "points", "bars"] = "line",
    title: str = "",
) -> Figure:
    """Draw columns of a table as curves. Rows where a curve has no number are left out of it.

    x: the column along the bottom; empty = the number of the row
    y: the columns to draw, one curve each; none = all that hold numbers
    kind: "line" joins the points in the order of x
    title: empty = what is drawn
    """
    if not table.rows:
        raise NodeError("the table has no rows", hint="there is nothing to draw")
    if x:
        index = column_index(table, x)
        along = [row[index] for row in table.rows]
        if not any(is_number(cell) for cell in along):
            raise NodeError(
                f"the column {x!r} holds no numbers", hint="leave x empty to number the rows instead"
            )
    else:
        along = list(range(len(table.rows)))
    wanted = y or tuple(column for column in table.columns if column != x and _numbers(table, column))
    if not wanted:
        raise NodeError("no column holds numbers", hint="link a table with measurements")
    series = []
    for column in wanted:
        index = column_index(table, column)
        points = [
            (place, row[index])
            for place, row in zip(along, table.rows, strict=True)
            if is_number(place) and is_number(row[index])
        ]
        if not points:
            raise NodeError(f"the column {column!r} holds no numbers to draw", hint="choose another column")
        if kind == "line":
            points.sort(key=lambda point: point[0])
        pairs = np.array(points, float)
        series.append(Series(column, pairs[:, 0], pairs[:, 1], kind))
    across = wanted[0] if len(wanted) == 1 else "value"
    names = ", ".join(wanted)
    return Figure(title or (f"{names} over {x}" if x else names), x or "row", across, tuple(series))


def _numbers(table: Table, column: str) -> bool:
    index = table.columns.index(column)
    return any(is_number(row[index]) for row in table.rows)
