"""What holds for all switches: they compute the branch they take, and no other."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from meshloom.graph_runtime.signature import read_spec
from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask, Mesh, PointCloud, Table, Text

VALUES = {
    "image": lambda v: Image(np.full((2, 2, 1), v, np.uint8)),
    "mask": lambda v: Mask(np.full((2, 2), v / 2, np.float32)),
    "mesh": lambda v: Mesh(np.full((3, 3), v, np.float32), np.zeros((1, 3), np.int32)),
    "number": float,
    "points": lambda v: PointCloud(np.full((2, 3), v, np.float32)),
    "table": lambda v: Table(("a",), ((v,),)),
    "text": lambda v: Text(str(v)),
}


@pytest.mark.parametrize("kind", VALUES)
def test_one_branch_is_needed_and_passed_on(kind):
    module = import_module(f"meshloom.nodes.logic.switch_{kind}")
    switch = getattr(module, f"switch_{kind}")
    spec = read_spec(switch, f"logic.switch_{kind}", module.__file__)
    assert [(port.name, port.lazy) for port in spec.inputs] == [("if_true", True), ("if_false", True)]
    first, second = VALUES[kind](0), VALUES[kind](1)
    for condition, name, value in ((True, "if_true", first), (False, "if_false", second)):
        assert list(spec.needs(condition=condition)) == [name]
        arrived = {"if_true": None, "if_false": None, name: value}
        assert switch(**arrived, condition=condition) is value
        with pytest.raises(NodeError, match=name):
            switch(None, None, condition=condition)
