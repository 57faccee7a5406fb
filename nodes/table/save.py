from __future__ import annotations

from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.formats.tables import write_table
from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import File, Table


@node("Save table", aliases=("write", "export csv", "spreadsheet"))
def save(table: Table, name: str = "table") -> File:
    """Make a CSV file (comma, UTF-8), delivered into the output folder. Numbers come back exactly.

    name: of the file, without extension
    """
    return make_file(f"{stem_of(name, '', 'table')}.csv", write_table(table))
