from __future__ import annotations

import math

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Text
from meshloom.nodes.text.format import format


def test_texts_and_numbers():
    result = format(
        Text("cat"), Text("hat"), template="{a} in a {b}: {x:.2f} of {y}, {z:03d}", x=1.5, y=3.0, z=7.0
    )
    assert result.text == "cat in a hat: 1.50 of 3, 007"
    assert format(template="{x:.1f} {x:g} {y} {z}", x=2.0, y=0.25, z=math.nan).text == "2.0 2 0.25 nan"


def test_braces_and_what_is_not_linked():
    assert format(template="{{{a}}}").text == "{}"
    assert format(Text("{x}"), template="{a}").text == "{x}"


@pytest.mark.parametrize("template", ["{", "{q}", "{a.__class__}", "{a[0]}", "{0}", "{}", "{x:q}", "{a:d}"])
def test_templates_that_cannot_be_read(template):
    with pytest.raises(NodeError):
        format(Text("a"), template=template)
