"""The runtime's own cost: trivial nodes, one process, two workers. Times in ms unless said."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime import codecs
from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.graph_runtime.types import Image

from .conftest import Figures, chain, floor_ms, layered, median_ms, tree

BIN = Path(sys.executable).with_name("meshloom")


def _engine(catalog: Catalog, folder: Path | None, memory: int = 1 << 30) -> Engine:
    return Engine(catalog, open_cache(folder, memory), workers=2)


@pytest.mark.parametrize(("count", "target"), [(1000, 30), (10_000, 300)])
@pytest.mark.parametrize("shape", [layered, chain, tree])
def bench_plan_and_keys(catalog, tmp_path, figures: Figures, shape, count, target) -> None:
    graph = shape(count)
    engine = _engine(catalog, tmp_path)
    engine.run(engine.plan(graph))
    engine.cache.flush()
    got = median_ms(lambda: engine.explain(engine.plan(graph)))
    figures.add(f"plan + keys, {shape.__name__} {count}", got, target, floor_ms(graph))
    engine.cache.close()


@pytest.mark.parametrize(("count", "cold", "cached"), [(1000, 150, 50), (3000, 450, 150)])
def bench_cold_and_cached(catalog, tmp_path, figures: Figures, count, cold, cached) -> None:
    floor = floor_ms(layered(count))
    engine = _engine(catalog, tmp_path)
    runs = iter(range(100))

    def fresh() -> None:
        graph = layered(count, seed=next(runs) * 100_000)
        assert engine.run(engine.plan(graph)).status == "done"

    figures.add(f"cold run, layered {count}", median_ms(fresh), cold, floor)
    graph = layered(count)
    engine.run(engine.plan(graph))
    engine.cache.flush()

    def again() -> None:
        assert engine.run(engine.plan(graph)).computed == 0

    figures.add(f"fully cached re-run, layered {count}", median_ms(again), cached, floor)
    if count == 1000:
        values = iter(range(1, 100))
        name = f"n{count - 1}"

        def edit() -> None:
            held = replace(graph.nodes[name], params={"plus": -next(values)})
            outcome = engine.run(engine.plan(replace(graph, nodes={**graph.nodes, name: held})))
            assert outcome.computed == 1

        figures.add("leaf edit, layered 1000", median_ms(edit), 60, floor)
    engine.cache.close()
    restarted = _engine(catalog, tmp_path)
    outcome = restarted.run(restarted.plan(graph))
    figures.add(f"restart, layered {count}: nodes computed", outcome.computed, 0)
    restarted.cache.close()


def bench_shapes_that_break_others(catalog, tmp_path, figures: Figures) -> None:
    engine = _engine(catalog, tmp_path)
    graph = chain(10_000)
    begun = time.perf_counter()
    assert engine.run(engine.plan(graph)).status == "done"
    figures.add("chain of 10,000, cold", (time.perf_counter() - begun) * 1e3, 1500, floor_ms(graph))
    graph = chain(31)  # thirty stacked diamonds: each node reads the one before it twice
    assert len(engine.run(engine.plan(graph)).done) == 31
    strays = {f"s{i}": NodeData("t.add", {}, {"a": Link(f"s{i - 1}", "value")}) for i in range(1, 1500)}
    graph = GraphData({"good": NodeData("t.number", {"value": 5}), "odd": NodeData("no.such"), **strays})
    plan = engine.plan(graph)
    assert plan.problems
    assert engine.run(plan).outputs.keys() == {"good"}
    engine.cache.close()


def bench_parallel(catalog, tmp_path, figures: Figures) -> None:
    engine = Engine(catalog, open_cache(tmp_path), workers=4)
    graph = GraphData({f"s{i}": NodeData("t.slow", {"seconds": 0.2, "mark": i}) for i in range(4)})
    begun = time.perf_counter()
    engine.run(engine.plan(graph))
    figures.add("four independent nodes of 0.2 s", (time.perf_counter() - begun) * 1e3, 250)
    engine.cache.close()


def bench_cancel(catalog, tmp_path, figures: Figures) -> None:
    engine = _engine(catalog, tmp_path)
    asked: list[float] = []
    threading.Timer(0.5, lambda: (asked.append(time.perf_counter()), engine.cancel())).start()
    engine.run(engine.plan(GraphData({"s": NodeData("t.slow", {"seconds": 2.0})})))
    figures.add("cancel 0.5 s into a 2 s node", (time.perf_counter() - asked[0]) * 1e3, 500)
    engine.cache.close()


def bench_event_traffic(catalog, tmp_path, figures: Figures) -> None:
    engine = _engine(catalog, tmp_path)
    said: list[str] = []
    engine.run(engine.plan(layered(3000)), lambda event: said.append(json.dumps(event.to_json())))
    figures.add("events of a run of 3,000 nodes (MB)", sum(map(len, said)) / 1e6, 2)
    engine.cache.close()


def bench_memory_budget(catalog, tmp_path, figures: Figures) -> None:
    budget = 256 << 20
    engine = _engine(catalog, tmp_path, budget)
    nodes = {"p0": NodeData("t.picture", {"side": 1024})}
    for index in range(1, 101):
        link = Link(f"p{index - 1}", "image")
        nodes[f"p{index}"] = NodeData("t.brighter", {"by": 0.001 * index}, {"image": link})
    graph = GraphData(nodes)
    most = 0

    def watch(event: object) -> None:
        nonlocal most
        most = max(most, engine.cache.memory_bytes)

    engine.run(engine.plan(graph), watch)
    figures.add("100 steps over 12 MiB: most held (MiB)", most / (1 << 20), 256)
    figures.add("the same again: nodes computed", engine.run(engine.plan(graph)).computed, 0)
    engine.cache.close()


def bench_digest(figures: Figures) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2048, 2048, 3), dtype=np.uint8)
    image = Image(pixels)
    from hashlib import blake2b

    floor = median_ms(lambda: blake2b(pixels.data).digest())
    figures.add(
        "digest of a 12.6 MB image", median_ms(lambda: codecs.digest(codecs.encode(image))), 10, floor
    )


def bench_start_up(figures: Figures, tmp_path) -> None:
    workflow = tmp_path / "three.json"
    workflow.write_text(
        json.dumps(
            {
                "meshloom": 1,
                "nodes": {
                    "a": {"type": "number.value", "with": {"number": 2.0}},
                    "b": {"type": "number.math", "from": {"a": "a.value", "b": "a.value"}},
                    "c": {"type": "number.math", "from": {"a": "b.value", "b": "a.value"}},
                },
            }
        )
    )
    nothing = median_ms(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    for words, target in (
        (["--help"], 500),
        (["nodes"], 500),
        (["run", str(workflow), "-o", str(tmp_path / "out"), "--no-cache"], 800),
    ):
        got = median_ms(lambda words=words: subprocess.run([BIN, *words], check=True, capture_output=True))
        figures.add(f"meshloom {words[0]} (whole process)", got, target, nothing)
