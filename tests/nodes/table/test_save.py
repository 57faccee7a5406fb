from __future__ import annotations

from meshloom.graph_runtime.types import Table
from meshloom.nodes.table.save import save


def test_the_table_is_a_csv_that_spreadsheets_open():
    file = save(Table(("a", "b"), ((1, 'x, "y"'), (0.1, None))), name="my table")
    assert file.name == "my table.csv"
    assert file.data.tobytes().decode() == 'a,b\r\n1,"x, ""y"""\r\n0.1,\r\n'
