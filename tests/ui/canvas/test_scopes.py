"""The scopes that paths of groups lead to."""

from __future__ import annotations

from meshloom.graph_runtime.document import ROOT
from meshloom.graph_runtime.edits import Title
from meshloom.ui.canvas import commands
from meshloom.ui.canvas.scopes import led_to, place_of, title_at, titles
from meshloom.ui.canvas.view import CanvasView


def test_paths_lead_as_far_as_they_exist(view: CanvasView) -> None:
    document = view.document.document
    view.select(["blur", "size"])
    commands.group(view)
    assert led_to(document, []) == (ROOT, [])
    assert led_to(document, ["Group", "blur", "Group"]) == ("Group", ["Group"])  # a plain node leads nowhere
    assert titles(document, ["Group"]) == ["Group"]
    assert led_to(document, ["nowhere"]) == (ROOT, [])


def test_nodes_exist_where_their_path_says(view: CanvasView) -> None:
    document = view.document.document
    view.select(["size"])
    commands.group(view)
    assert place_of(document, "photo") == (ROOT, "photo") and place_of(document, "Group") == (ROOT, "Group")
    assert place_of(document, "Group/size") == ("Group", "size")
    assert place_of(document, "size") is None
    assert place_of(document, "Group/photo") is None
    assert place_of(document, "photo/size") is None and place_of(document, "gone/size") is None


def test_nodes_are_called_by_their_titles(view: CanvasView) -> None:
    document = view.document.document
    spec = document.specs.get(document.node("size").type)
    assert spec is not None and title_at(document, "size") == spec.title
    view.document.do(Title("size", "Half of it"))
    assert title_at(document, "size") == "Half of it"
    assert title_at(document, "gone/size") == "gone/size"
