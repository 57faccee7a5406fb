"""Templates, and what keeps one from running here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.graph import GraphData, GroupData, NodeData
from meshloom.ui.window.templates import PRESETS, lacking, templates


def test_what_comes_along_is_listed_the_main_one_first(catalog: Catalog) -> None:
    found = templates(catalog)
    assert {each.file.name for each in found} == {file.name for file in PRESETS.glob("*.json")}
    assert found[0].file.stem == "photos_to_model"
    assert all(each.title and each.about for each in found)
    assert all(each.picture is not None and each.picture.is_file() for each in found)
    assert len({each.title for each in found}) == len(found)


def test_what_comes_along_and_needs_no_extra_package_runs_here(catalog: Catalog) -> None:
    for each in templates(catalog):
        needs = json.loads(each.file.read_bytes()).get("needs", [])
        assert not each.lacking or needs, f"{each.file.name}: {each.lacking}"


def test_a_file_that_is_no_workflow_is_passed_over(catalog: Catalog, tmp_path: Path) -> None:
    good = (PRESETS / "photos_to_model.json").read_bytes()
    (tmp_path / "good.json").write_bytes(good)
    (tmp_path / "broken.json").write_bytes(good[:200])
    (tmp_path / "other.json").write_text('["a list"]')
    (tmp_path / "notes.txt").write_text("{}")
    (found,) = templates(catalog, tmp_path)
    assert found.file.stem == "good" and found.picture is None
    assert "file that is not here" in found.lacking, "its photos did not come along"


def test_a_title_is_made_of_the_name_where_there_is_none(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "my_own_graph.json").write_text('{"meshloom": 1, "nodes": {}}')
    found = templates(catalog, tmp_path)
    assert [each.title for each in found] == ["My own graph"]


def test_an_unknown_node_is_named_with_what_is_near(catalog: Catalog, tmp_path: Path) -> None:
    said = lacking(GraphData({"a": NodeData("image.blurr")}), catalog, tmp_path)
    assert "image.blurr" in said and "image.blur" in said.replace("image.blurr", "")
    assert "pack" in lacking(GraphData({"a": NodeData("zzz.qqq")}), catalog, tmp_path)


@pytest.mark.xfail(strict=True, reason="groups are not looked into")
def test_an_unknown_node_inside_a_group_counts_too(catalog: Catalog, tmp_path: Path) -> None:
    held = GraphData({"a": NodeData("group:G")}, {"G": GroupData({"b": NodeData("zzz.qqq")})})
    assert "zzz.qqq" in lacking(held, catalog, tmp_path)
    fine = GraphData({"a": NodeData("group:G")}, {"G": GroupData({"b": NodeData("image.blur")})})
    assert lacking(fine, catalog, tmp_path) == ""


def test_a_file_that_is_not_there_is_named_and_one_that_is_is_fine(catalog: Catalog, tmp_path: Path) -> None:
    held = GraphData({"photo": NodeData("image.load", {"file": "a/b.jpg"})})
    said = lacking(held, catalog, tmp_path)
    assert "photo" in said and "a/b.jpg" in said
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.jpg").touch()
    assert lacking(held, catalog, tmp_path) == ""


def test_a_missing_package_says_how_to_get_it(catalog: Catalog, tmp_path: Path) -> None:
    held = GraphData({"a": NodeData("image.blur")}, extras={"needs": ["numpy", "not_a_package_of_anyone"]})
    said = lacking(held, catalog, tmp_path)
    assert "pip install not_a_package_of_anyone" in said and "numpy" not in said
