"""The laws of all switches are in test_switches.py."""

from __future__ import annotations

from meshloom.graph_runtime.types import Table
from meshloom.nodes.logic.switch_table import switch_table


def test_an_empty_value_is_a_value():
    empty = Table((), ())
    assert switch_table(empty, None, condition=True) is empty
    assert switch_table(None, empty, condition=False) is empty
