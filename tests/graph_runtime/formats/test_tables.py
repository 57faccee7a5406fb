"""Tables come back from CSV as people and spreadsheets write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.tables import read_table, write_table
from meshloom.graph_runtime.types import Table


def put(folder: Path, data: bytes) -> Path:
    path = folder / "a.csv"
    path.write_bytes(data)
    return path


def test_cells_come_back_as_they_were(tmp_path: Path) -> None:
    table = Table(
        ("name", 'a "b", c', "größe"),
        (
            ("x, y", 1, 0.1),
            ('say "hi"', -5, 1e-300),
            ("two\nlines", None, 1 / 3),
            ("007", 12345678901234567, 2.0),
            ("日本", 0, -0.0),
        ),
    )
    back = read_table(put(tmp_path, write_table(table)))
    assert back.columns == table.columns and back.rows == table.rows
    assert [type(cell) for cell in back.rows[3]] == [str, int, float]


def test_a_single_column_keeps_its_empty_rows(tmp_path: Path) -> None:
    table = Table(("a",), ((1,), (None,), (3,)))
    assert read_table(put(tmp_path, write_table(table))).rows == table.rows


def test_what_spreadsheets_write(tmp_path: Path) -> None:
    german = read_table(put(tmp_path, "Größe;Länge\r\n1,5;2\r\n;3,25\r\n".encode("cp1252")))
    assert german == german and german.columns == ("Größe", "Länge")
    assert german.rows == ((1.5, 2), (None, 3.25))
    tabs = read_table(put(tmp_path, "a\tb\n1\t2,5\n".encode("utf-16")))
    assert tabs.rows == ((1, "2,5"),)
    assert read_table(put(tmp_path, b"\xef\xbb\xbfa,b\n\n1\n")).rows == ((1, None),)
    assert read_table(put(tmp_path, b"1,2\n3,4\n"), header=False).columns == ("1", "2")


def test_words_that_python_would_take_for_numbers_stay_words(tmp_path: Path) -> None:
    rows = read_table(
        put(tmp_path, "a\nnan\n1_000\n1e999\n0x10\n٣\n+5\n99999999999999999999\n".encode())
    ).rows
    assert [row[0] for row in rows] == ["nan", "1_000", "1e999", "0x10", "٣", 5.0, 1e20]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\n\n", "no rows"),
        (b"a,b\n1,2\n1,2,3\n", "row 3 has 3 cells"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no text"),
        (b'a,b\n"1,2\n', "cannot be read"),
    ],
)
def test_broken_tables_are_explained(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(NodeError, match=says):
        read_table(put(tmp_path, data))
