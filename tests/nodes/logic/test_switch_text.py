"""The laws of all switches are in test_switches.py."""

from __future__ import annotations

from meshloom.graph_runtime.types import Text
from meshloom.nodes.logic.switch_text import switch_text


def test_an_empty_value_is_a_value():
    empty = Text("")
    assert switch_text(empty, None, condition=True) is empty
    assert switch_text(None, empty, condition=False) is empty
