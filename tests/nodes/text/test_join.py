from __future__ import annotations

from meshloom.graph_runtime.types import Text
from meshloom.nodes.text.join import join

A, B, EMPTY = Text("a"), Text("b"), Text("  ")


def test_in_order_with_separator():
    assert join([A, B], [A]).text == "a\nb\na"
    assert join([A], None, [B], separator=", ").text == "a, b"
    assert join([A, B], separator="\\n--\\n").text == "a\n--\nb"


def test_empty_parts():
    assert join([A, EMPTY, B], separator="+").text == "a+b"
    assert join([A, EMPTY], separator="+", skip_empty=False).text == "a+  "
    assert join([]).text == ""
