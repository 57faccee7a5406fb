"""The workflows that come along, as they stand on the canvas."""

from __future__ import annotations

from itertools import combinations

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.preset import read_workflow, resolve
from meshloom.ui.canvas.shape import plain_shape
from meshloom.ui.window.templates import PRESETS


@pytest.mark.parametrize("name", sorted(file.stem for file in PRESETS.glob("*.json")))
def test_no_node_lies_on_another_once_all_have_their_pictures(name: str, catalog: Catalog) -> None:
    graph = resolve(read_workflow(PRESETS / f"{name}.json"), catalog)
    boxes = {}
    for node, data in graph.nodes.items():
        spec = catalog.get(data.type)
        if spec is not None:
            shape = plain_shape(spec)
            boxes[node] = (*graph.view[node], shape.width, shape.full_height)
    for (one, (x, y, wide, high)), (other, (u, v, width, height)) in combinations(boxes.items(), 2):
        beside = x + wide <= u or u + width <= x
        above = y + high <= v or v + height <= y
        assert beside or above, f"{one} lies on {other}"
