from __future__ import annotations

from typing import Any, Literal

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table._cells import column_index


@node("Join", aliases=("merge", "lookup", "match", "inner", "outer", "left"))
def join(
    first: Table,
    second: Table,
    on: str = "name",
    rows: Literal["in both", "all of first", "all"] = "in both",
) -> Table:
    """Put the columns of two tables side by side, where their rows agree in one column.

    A row that agrees with several comes once for each. A column that both have is renamed "... (2)" in the
    second.

    on: the column to agree in
    rows: which rows stay; cells that one table lacks are empty
    """
    key_first, key_second = column_index(first, on), column_index(second, on)
    others = [index for index in range(len(second.columns)) if index != key_second]
    columns = list(first.columns)
    for index in others:
        name, count = second.columns[index], 2
        while name in columns:
            name, count = f"{second.columns[index]} ({count})", count + 1
        columns.append(name)
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for row in second.rows:
        found.setdefault(row[key_second], []).append(row)
    made, used = [], set()
    for row in first.rows:
        matches = found.get(row[key_first], [])
        used.add(row[key_first])
        made += [row + tuple(match[index] for index in others) for match in matches]
        if not matches and rows != "in both":
            made.append(row + (None,) * len(others))
    if rows == "all":
        for row in second.rows:
            if row[key_second] not in used:
                left = [None] * len(first.columns)
                left[key_first] = row[key_second]
                made.append(tuple(left) + tuple(row[index] for index in others))
    return Table(tuple(columns), tuple(made))
