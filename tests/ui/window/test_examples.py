"""Every node can be seen at work: in a template, or in a graph made around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.ui.window.examples import example_of, made_around

#: What they read does not come along.
WITHOUT = {"cameras.load_colmap", "depth.load", "photo.video_frames", "table.load"}


def test_the_smallest_example_is_taken_and_groups_are_looked_into(tmp_path: Path, catalog: Catalog) -> None:
    node = {"type": "image.blur"}
    (tmp_path / "a_big.json").write_text(json.dumps({"nodes": {"a": node, "b": node, "c": {"type": "x.y"}}}))
    inside = {"nodes": {}, "groups": {"g": {"nodes": {"a": node}}}}
    (tmp_path / "b_small.json").write_text(json.dumps(inside))
    (tmp_path / "c_broken.json").write_text("{")
    assert example_of(catalog["image.blur"], tmp_path) == tmp_path / "b_small.json"
    assert example_of(catalog["image.resize"], tmp_path) is None


@pytest.fixture
def engine(catalog: Catalog, tmp_path: Path) -> Iterator[Engine]:
    cache = open_cache(tmp_path / "results")
    yield Engine(catalog, cache)
    cache.close()


def test_every_node_has_an_example_that_could_run(catalog: Catalog, engine: Engine, tmp_path: Path) -> None:
    without = set()
    for name in catalog:
        if example_of(catalog[name]) is None:
            graph = made_around(catalog[name], catalog)
            if graph is None:
                without.add(name)
                continue
            assert name in {node.type for node in graph.nodes.values()}
            made = engine.plan(graph, None, tmp_path)
            assert not made.problems, (name, made.problems)
    assert without == WITHOUT


@pytest.mark.parametrize(
    "name", ["image.merge_channels", "mask.combine", "mesh.boolean", "table.sort", "text.join"]
)
def test_it_runs(name: str, catalog: Catalog, engine: Engine, tmp_path: Path) -> None:
    graph = made_around(catalog[name], catalog)
    assert graph is not None
    outcome = engine.run(engine.plan(graph, None, tmp_path))
    assert outcome.status == "done", outcome.failed
