from __future__ import annotations

from pathlib import Path

from meshloom.graph_runtime.signature import read_spec
from meshloom.nodes.number.int import whole


def test_passes_it_on_as_a_whole_number():
    assert whole(-7) == -7
    assert read_spec(whole, "number.int", Path()).outputs[0].wire.base is int
