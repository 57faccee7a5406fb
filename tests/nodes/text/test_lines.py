from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Text
from meshloom.nodes.text.lines import lines


def words(*arguments, **more) -> list[str]:
    return [part.text for part in lines(*arguments, **more)]


def test_parts():
    assert words(Text(" one \r\n\n two\n")) == ["one", "two"]
    assert words(Text("a, b,,c"), ",") == ["a", "b", "c"]
    assert words(Text("a\n\n b"), strip=False, skip_empty=False) == ["a", "", " b"]


def test_nothing_to_pass_on():
    with pytest.raises(NodeError, match="empty"):
        lines(Text(" \n "))
    with pytest.raises(NodeError, match="separator"):
        lines(Text("a"), "")
