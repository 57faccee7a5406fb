from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table._cells import column_index, is_empty, is_number, order

Relation = Literal[
    "equal to",
    "not equal to",
    "less than",
    "at most",
    "at least",
    "more than",
    "contains",
    "matches",
    "is empty",
    "is not empty",
]


@node("Filter", aliases=("where", "select rows", "query", "condition"))
def filter(table: Table, column: str = "name", relation: Relation = "equal to", value: str = "") -> Table:
    """Keep the rows whose cell in one column fulfils a condition.

    column: the column to look at
    relation: "matches" takes a regular expression; "contains" looks for a part and takes no notice of
      capitals. An empty cell is neither less nor more than anything
    value: what to compare with: as a number where the cell is one, otherwise as text
    """
    index = column_index(table, column)
    keep = _test(relation, value)
    return Table(table.columns, tuple(row for row in table.rows if keep(row[index])))


def _test(relation: str, value: str) -> Callable[[Any], bool]:
    if relation == "is empty":
        return is_empty
    if relation == "is not empty":
        return lambda cell: not is_empty(cell)
    if relation == "contains":
        return lambda cell: not is_empty(cell) and value.casefold() in str(cell).casefold()
    if relation == "matches":
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise NodeError(
                f"{value!r} is no regular expression: {error}", hint="see Python's regular expressions"
            ) from error
        return lambda cell: not is_empty(cell) and pattern.search(str(cell)) is not None
    try:
        number = float(value)
    except ValueError:
        number = None

    def compare(cell: Any) -> bool:
        if relation in ("equal to", "not equal to"):
            equal = cell == number if is_number(cell) and number is not None else _text(cell) == value
            return equal == (relation == "equal to")
        if is_empty(cell):
            return False
        if is_number(cell):
            if number is None:
                raise NodeError(
                    f"{value!r} is no number, but the column holds {cell}",
                    hint="give a number to compare with",
                )
            a, b = cell, number
        else:
            a, b = order(cell), order(value)
        return {"less than": a < b, "at most": a <= b, "at least": a >= b, "more than": a > b}[relation]

    return compare


def _text(cell: Any) -> str:
    return "" if is_empty(cell) else str(cell)
