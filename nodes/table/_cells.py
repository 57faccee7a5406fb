"""Columns and cells of tables."""

from __future__ import annotations

import math
import re
from typing import Any

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Table


def column_index(table: Table, column: str) -> int:
    """Where ``column`` stands. Raises naming the columns that there are."""
    if column not in table.columns:
        raise NodeError(
            f"the table has no column {column!r}",
            hint=f"it has {', '.join(table.columns)}" if table.columns else "it has no columns at all",
        )
    return table.columns.index(column)


def is_number(cell: Any) -> bool:
    """Whether the cell is a number that can be compared (no NaN, no truth value)."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and not math.isnan(cell)


def is_empty(cell: Any) -> bool:
    """Nothing, an empty text, or NaN."""
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def order(cell: Any) -> tuple[Any, ...]:
    """A key that sorts numbers before texts, and texts as people count: ``img2`` before ``img10``."""
    if isinstance(cell, (int, float)):
        return (0, cell)
    parts = re.split(r"(\d+)", str(cell).casefold())
    # Words stand at even places and digits at odd ones, so like is compared with like.
    return (1, [int(part) if index % 2 else part for index, part in enumerate(parts)])
