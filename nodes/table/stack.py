from __future__ import annotations

from collections.abc import Sequence

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Table


@node("Stack", aliases=("append", "concatenate", "rows", "collect", "union"))
def stack(tables: Sequence[Table], number: str = "") -> Table:
    """Put the rows of several tables below each other: the results of a list become one table.

    Columns are matched by name; where a table lacks one, its cells are empty.

    number: name of a column added in front, which counts the tables from 0; empty = none
    """
    if not tables:
        raise NodeError("there are no tables to stack", hint="link at least one")
    columns = list(dict.fromkeys(column for table in tables for column in table.columns))
    if number and number in columns:
        raise NodeError(f"there is a column {number!r} already", hint="choose another name for the count")
    rows = []
    for index, table in enumerate(tables):
        places = [table.columns.index(column) if column in table.columns else None for column in columns]
        for row in table.rows:
            cells = tuple(None if place is None else row[place] for place in places)
            rows.append((index, *cells) if number else cells)
    return Table((number, *columns) if number else tuple(columns), tuple(rows))
