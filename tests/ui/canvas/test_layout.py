"""Places for nodes: in layers, apart, and a chain in a straight line."""

from __future__ import annotations

import itertools

from meshloom.graph_runtime.graph import Link, NodeData
from meshloom.ui.canvas.layout import GAP_X, GAP_Y, layered


def graph(**inputs: str) -> dict[str, NodeData]:
    """``b="a c"``: b takes from a and from c."""
    return {
        name: NodeData("t.any", {}, {f"i{k}": Link(source, "o") for k, source in enumerate(held.split())})
        for name, held in inputs.items()
    }


def test_a_chain_beside_a_fan_is_a_straight_line() -> None:
    nodes = graph(a="", b="a", c="b", d="c", side="b", other="b")
    sizes = dict.fromkeys(nodes, (100.0, 50.0)) | {"side": (100.0, 300.0)}
    places = layered(nodes, sizes=sizes)
    assert [places[name][0] for name in "abcd"] == [k * (100 + GAP_X) for k in range(4)]
    assert places["a"][1] == places["b"][1] and places["c"][1] == places["d"][1]
    column = sorted((places[name][1], sizes[name][1]) for name in ("c", "side", "other"))
    assert all(y + height + GAP_Y <= below for (y, height), (below, _) in itertools.pairwise(column))
    assert min(y for _x, y in places.values()) == 0


def test_parts_that_do_not_hang_together_lie_apart() -> None:
    nodes = graph(a="", b="a", x="", y="x", z="x", alone="")
    sizes = {name: (120.0, 90.0 + 40 * k) for k, name in enumerate(nodes)}
    places = layered(nodes, sizes=sizes)
    boxes = [(*places[name], *sizes[name]) for name in nodes]
    for k, (x, y, width, height) in enumerate(boxes):
        for left, top, wide, high in boxes[:k]:
            assert x >= left + wide or left >= x + width or y >= top + high or top >= y + height


def test_a_cycle_is_placed_too() -> None:
    assert len(layered(graph(a="c", b="a", c="b"))) == 3


def test_a_link_past_a_layer_does_not_run_behind_a_node() -> None:
    held = {
        "first": NodeData("a"),
        "between": NodeData("b", links={"in": Link("first", "out")}),
        "last": NodeData("c", links={"one": Link("first", "out"), "two": Link("between", "out")}),
    }
    sizes = {"first": (216.0, 110.0), "between": (216.0, 180.0), "last": (216.0, 200.0)}
    places = layered(held, sizes=sizes)
    link = places["first"][1] + 48.0
    assert not places["between"][1] <= link <= places["between"][1] + 180.0
    assert len({place[0] for place in places.values()}) == 3
