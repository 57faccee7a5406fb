from __future__ import annotations

import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.text.load import load


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_words_are_read_in_any_unicode(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("größe\r\n日本\n".encode(encoding))
    assert load(tmp_path / "a.txt").text == "größe\n日本\n"


def test_no_text_is_explained(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"ab\xff")
    with pytest.raises(NodeError, match="byte 2"):
        load(tmp_path / "a.txt")
    with pytest.raises(NodeError, match=r"b\.txt"):
        load(tmp_path / "b.txt")


def test_a_file_of_nothing_is_an_empty_text(tmp_path):
    (tmp_path / "a.txt").touch()
    assert load(tmp_path / "a.txt").text == ""
