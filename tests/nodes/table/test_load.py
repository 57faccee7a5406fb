from __future__ import annotations

import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.table.load import load


def test_a_spreadsheet_is_read_with_its_numbers(tmp_path, run):
    (tmp_path / "a.csv").write_text("name,points\nfirst,12\nsecond,\n")
    table = load(tmp_path / "a.csv", run=run)
    assert table.columns == ("name", "points") and table.rows == (("first", 12), ("second", None))
    assert load(tmp_path / "a.csv", header=False, run=run).rows[0] == ("name", "points")


def test_no_table_is_explained(tmp_path, run):
    (tmp_path / "a.csv").write_text("a,b\n1,2,3\n")
    with pytest.raises(NodeError, match=r"a\.csv, row 2 has 3 cells; expected 2"):
        load(tmp_path / "a.csv", run=run)
