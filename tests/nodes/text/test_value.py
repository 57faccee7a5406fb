from __future__ import annotations

from meshloom.nodes.text.value import value


def test_passes_it_on():
    assert value("two\nlines").text == "two\nlines"
