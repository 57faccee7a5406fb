from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.formats.tables import PATTERNS, read_table
from meshloom.graph_runtime.spec import OpenFile, Run, node
from meshloom.graph_runtime.types import Table


@node("Load table", aliases=("open", "read", "import csv", "tsv", "spreadsheet"))
def load(file: Annotated[Path, OpenFile(PATTERNS)] = Path(), header: bool = True, *, run: Run) -> Table:
    """Read a CSV table, separated by comma, semicolon (then with decimal commas) or tab.

    Cells that look like numbers become numbers, empty ones stay empty.

    file: the table
    header: the first row names the columns; otherwise they are 1, 2, 3
    """
    run.progress(0, 1, f"reading {file.name}")
    return read_table(file, header)
