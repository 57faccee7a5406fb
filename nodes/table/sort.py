from __future__ import annotations

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table._cells import column_index, is_empty, order


@node("Sort", aliases=("order", "rank", "best", "top"))
def sort(table: Table, column: str = "name", descending: bool = False, count: int = 0) -> Table:
    """Sort the rows by one column: numbers before texts, img2 before img10, empty cells last.

    Rows that are equal keep their order.

    column: the column to sort by
    descending: the largest first
    count: keep only so many rows; 0 = all
    """
    index = column_index(table, column)
    full = [row for row in table.rows if not is_empty(row[index])]
    empty = [row for row in table.rows if is_empty(row[index])]
    rows = sorted(full, key=lambda row: order(row[index]), reverse=descending) + empty
    return Table(table.columns, tuple(rows[:count] if count > 0 else rows))
