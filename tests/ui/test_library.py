"""Groups and sets of parameters kept for other graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import GraphData, GroupData, NodeData
from meshloom.ui.canvas.clipboard import pasted
from meshloom.ui.document import OpenDocument
from meshloom.ui.library import Library

INNER = GroupData(
    {"blur": NodeData("image.blur")}, {"image": (("blur", "image"),)}, {"image": ("blur", "image")}
)
GROUP = GraphData({"Soft": NodeData("group:Soft")}, {"Soft": INNER})


def test_a_kept_group_is_a_node_of_every_graph(tmp_path: Path, catalog: Catalog) -> None:
    Library(tmp_path).keep_group(GROUP, "Soft / edges")
    (listing,) = Library(tmp_path).groups()
    document = OpenDocument(catalog)
    for _time in range(2):
        edit, names = pasted(document, "", Library(tmp_path).group(listing.id), (0.0, 0.0))
        assert document.do(edit) and len(names) == 1
    assert document.document.node("Soft_2").type == "group:Soft"
    assert set(document.document.group("Soft").nodes) == {"blur"}
    Library(tmp_path).forget_group(listing.id)
    assert Library(tmp_path).groups() == []


def test_a_damaged_group_is_refused_with_a_message(tmp_path: Path) -> None:
    file = Library(tmp_path).keep_group(GROUP, "Soft")
    file.write_text("{")
    with pytest.raises(MeshloomError):
        Library(tmp_path).group("kept:Soft")


def test_sets_of_parameters_are_kept_by_type_and_a_damaged_file_costs_only_itself(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.keep_set("image.blur", "strong", {"radius": 9.0, "file": tmp_path})
    library.keep_set("image.blur", "weak", {"radius": 1.0})
    assert Library(tmp_path).sets("image.blur")["strong"] == {"radius": 9.0, "file": str(tmp_path)}
    assert Library(tmp_path).sets("image.resize") == {}
    library.keep_set("image.blur", "weak", None)
    assert list(Library(tmp_path).sets("image.blur")) == ["strong"]
    (tmp_path / "parameters.json").write_text("[1")
    assert Library(tmp_path).sets("image.blur") == {}
    library.keep_set("image.blur", "new", {"radius": 2.0})
    assert list(Library(tmp_path).sets("image.blur")) == ["new"]
