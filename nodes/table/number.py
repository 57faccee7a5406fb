from __future__ import annotations

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table._cells import column_index


@node("Number of table", aliases=("cell", "value", "get", "extract", "look up"))
def number(table: Table, column: str = "", row: int = 0) -> float:
    """Take one number out of a table, to be linked to a parameter or a condition.

    column: name of the column; empty = the first that holds a number in this row
    row: counted from 0; negative counts from the end
    """
    if not -len(table.rows) <= row < len(table.rows):
        raise NodeError(
            f"there is no row {row} in a table of {len(table.rows)} rows", hint="rows count from 0"
        )
    cells = table.rows[row]
    if column:
        cell = cells[column_index(table, column)]
    else:
        cell = next((cell for cell in cells if _numeric(cell)), None)
    if not _numeric(cell):
        raise NodeError(
            f"{column or 'the row'} holds {'nothing' if cell is None else repr(cell)}; expected a number",
            hint="choose another column or row",
        )
    return float(cell)


def _numeric(cell: object) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)
