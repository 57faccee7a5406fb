from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Text
from meshloom.nodes.text.replace import replace

TEXT = Text("A cat. a CAT (x.y)")


def test_words_as_they_are():
    assert replace(TEXT, "cat", "dog").text == "A dog. a CAT (x.y)"
    assert replace(TEXT, "cat", "dog", ignore_case=True).text == "A dog. a dog (x.y)"
    assert replace(TEXT, ".", r"\1").text == r"A cat\1 a CAT (x\1y)"
    assert replace(TEXT) is TEXT


def test_patterns():
    assert replace(TEXT, r"(\w)\.(\w)", r"\2-\1", pattern=True).text == "A cat. a CAT (y-x)"


@pytest.mark.parametrize(("find", "put"), [("(", ""), ("a", r"\3")])
def test_patterns_that_cannot_be_read(find, put):
    with pytest.raises(NodeError, match="cannot be read"):
        replace(TEXT, find, put, pattern=True)
