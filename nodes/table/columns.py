from __future__ import annotations

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table._cells import column_index


@node("Columns", aliases=("select", "rename", "reorder", "drop"))
def columns(table: Table, keep: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> Table:
    """Choose, order and rename columns.

    keep: the columns to keep, in their new order; none = all
    names: new names, in the same order; fewer leave the rest as they are
    """
    wanted = keep or table.columns
    indices = [column_index(table, column) for column in wanted]
    if len(names) > len(indices):
        raise NodeError(f"{len(names)} names for {len(indices)} columns", hint="give as many, or fewer")
    titles = (*names, *wanted[len(names) :])
    if len(set(titles)) != len(titles):
        raise NodeError("two columns would have the same name", hint="give each its own")
    return Table(tuple(titles), tuple(tuple(row[index] for index in indices) for row in table.rows))
