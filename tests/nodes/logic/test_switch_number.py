"""The laws of all switches are in test_switches.py."""

from __future__ import annotations

from meshloom.nodes.logic.switch_number import switch_number


def test_an_empty_value_is_a_value():
    empty = 0.0
    assert switch_number(empty, None, condition=True) is empty
    assert switch_number(None, empty, condition=False) is empty
