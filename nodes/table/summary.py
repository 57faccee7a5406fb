from __future__ import annotations

from typing import Any

import numpy as np

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table._cells import column_index, is_number

STATISTICS = ("count", "mean", "std", "min", "median", "max")


@node("Summary", aliases=("statistics", "mean", "average", "median", "describe", "group by"))
def summary(table: Table, group: str = "") -> Table:
    """Count, mean, standard deviation, smallest, median and largest of every column that holds numbers.

    Texts, empty cells and NaN are left out; the standard deviation is that of the sample (n - 1).

    group: a column by whose values the rows are taken apart first; empty = all rows together
    """
    parts: dict[Any, list[tuple[Any, ...]]] = {}
    if group:
        index = column_index(table, group)
        for row in table.rows:
            parts.setdefault(row[index], []).append(row)
    else:
        parts[None] = list(table.rows)
    made = []
    for key, rows in parts.items():
        for place, column in enumerate(table.columns):
            values = [row[place] for row in rows if is_number(row[place])]
            if not values or column == group:
                continue
            made.append((key,) * bool(group) + (column, *_statistics(values)))
    if not made:
        raise NodeError("no column holds numbers", hint="link a table with measurements")
    return Table((group,) * bool(group) + ("column", *STATISTICS), tuple(made))


def _statistics(values: list[float]) -> tuple[float | int | None, ...]:
    array = np.array(values, float)
    spread = float(array.std(ddof=1)) if len(array) > 1 and np.isfinite(array).all() else None
    return (
        len(values),
        float(array.mean()),
        spread,
        float(array.min()),
        float(np.median(array)),
        float(array.max()),
    )
