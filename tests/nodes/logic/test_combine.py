from __future__ import annotations

import pytest

from meshloom.nodes.logic.combine import combine


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("and", [False, False, False, True]),
        ("or", [False, True, True, True]),
        ("exactly one", [False, True, True, False]),
        ("and not", [False, False, True, False]),
    ],
)
def test_truth_tables(how, expected):
    assert [combine(a, how, b) for a in (False, True) for b in (False, True)] == expected
