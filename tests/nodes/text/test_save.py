from __future__ import annotations

from meshloom.graph_runtime.types import Text
from meshloom.nodes.text.save import save


def test_the_words_are_in_the_file_under_its_name():
    file = save(Text("größe\n"), name="notes")
    assert file.name == "notes.txt" and file.data.tobytes() == "größe\n".encode()
    assert save(Text(""), name="report.md").name == "report.md"
