from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Text
from meshloom.nodes.kernels._values import AttentionKernel
from meshloom.nodes.kernels.compare import compare


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Samples of a millisecond: what is tested is not the machine."""
    from meshloom.kernels.attention import bench

    init = bench.Plan.__init__
    short = {"warm_up": 0.01, "least": 0.001, "settle": 0.0, "ceiling": False}
    monkeypatch.setattr(bench.Plan, "__init__", lambda self, **words: init(self, **words, **short))


def test_table_figures_picture_and_data(run, chosen):
    held = compare(
        chosen("sdpa.math"),
        chosen("sdpa.flash"),
        shapes="h2 n64 d64 fp32\nh2 n96 d64 fp32",
        rounds=6,
        run=run,
    )
    rows = [dict(zip(held.table.columns, row, strict=True)) for row in held.table.rows]
    assert [row["kernel"] for row in rows] == ["A/A (baseline again)", "sdpa.math", "sdpa.flash"] * 2
    assert rows[0]["verdict"].startswith("noise ± ")
    assert rows[1]["verdict"] == "baseline"
    assert rows[2]["verdict"] in ("faster", "slower", "indistinguishable")
    assert rows[2]["ms low"] <= rows[2]["ms"] <= rows[2]["ms high"]
    assert rows[2]["relative error"] < 1e-6
    assert [series.name for series in held.speed.series] == ["sdpa.math", "sdpa.flash"]
    assert held.speed.series[0].x.tolist() == [64, 96]
    assert all(len(series.x) == 12 for series in held.rounds.series)
    assert len(held.errors.series) == 2
    assert held.picture.width == 960 and held.picture.pixels.std() > 10
    data = json.loads(bytes(held.data.data))
    assert data["specs"][1]["spec"] == "b1 h2 n96 d64 fp32"
    assert held.best.id in ("sdpa.math", "sdpa.flash")
    assert run.progressed[-1][0] == 1.0


def test_what_cannot_be_used_is_a_row_and_the_others_finish(run, chosen):
    held = compare(
        chosen("sdpa.math"), chosen("sdpa.cudnn"), others=[chosen("sdpa.flash")], shapes="h1 n32 d64 fp32", rounds=6,
        run=run,
    )  # fmt: skip
    status = {row[1]: row[2] for row in held.table.rows}
    assert status["sdpa.cudnn"].startswith("unsupported: runs on cuda")
    assert status["sdpa.flash"] == status["sdpa.math"] == "ok"


def test_where_nothing_can_be_used_it_is_an_error(run, chosen):
    with pytest.raises(NodeError, match=r"no kernel could be measured: sdpa.cudnn: runs on cuda"):
        compare(chosen("sdpa.cudnn"), chosen("sdpa.cudnn"), shapes="h1 n32 d64 fp32", rounds=6, run=run)


def test_shapes_of_a_census_take_the_place_of_those_written(run, chosen):
    pair = chosen("sdpa.math"), chosen("sdpa.flash")
    held = compare(
        *pair, called=Text("h1 n24 d32 fp32"), shapes="h1 n999999 d32", rounds=6, check=False, run=run
    )
    assert {row[0] for row in held.table.rows} == {"b1 h1 n24 d32 fp32"}


def test_shapes_must_be_given(run, chosen):
    with pytest.raises(NodeError, match="no shape"):
        compare(chosen("sdpa.math"), chosen("sdpa.flash"), shapes="# none", run=run)


def test_a_kernel_of_another_version_of_meshloom_is_told(run, chosen):
    old = AttentionKernel("own.old", "gone", "0" * 24)
    with pytest.raises(NodeError, match="no kernel is called"):
        compare(chosen("sdpa.math"), old, run=run)


def test_a_b_a_is_reused_and_measured_again_only_when_asked(tmp_path):
    """The whole way: choosing runs each time, comparing only when a fingerprint or a parameter is new."""
    from meshloom.graph_runtime.catalog import find_nodes
    from meshloom.graph_runtime.engine import Engine, open_cache
    from meshloom.graph_runtime.places import with_params
    from meshloom.graph_runtime.preset import parse, resolve

    catalog = find_nodes(packs=False)
    engine = Engine(catalog, open_cache(None), workers=1)
    nodes = {
        "a": {"type": "kernels.attention", "with": {"kernel": "sdpa.math"}},
        "b": {"type": "kernels.attention", "with": {"kernel": "sdpa.flash"}},
        "compared": {
            "type": "kernels.compare",
            "with": {"shapes": "h1 n16 d64 fp32", "rounds": 6, "check": False},
            "from": {"baseline": "a.kernel", "second": "b.kernel"},
        },
    }
    graph = resolve(parse(json.dumps({"meshloom": 1, "nodes": nodes}).encode()), catalog)
    ran = []
    for kernel, take in (("sdpa.flash", 1), ("sdpa.default", 1), ("sdpa.flash", 1), ("sdpa.flash", 2)):
        settings = {"b.kernel": kernel, "compared.take": take}
        outcome = engine.run(engine.plan(with_params(graph, catalog, settings), None, tmp_path))
        assert outcome.status == "done", outcome.failed
        ran.append(outcome.done["compared"].computed)
    assert [bool(count) for count in ran] == [True, True, False, True]


def test_figures_hold_numbers_only(run, chosen):
    held = compare(chosen("sdpa.math"), chosen("sdpa.flash"), shapes="h1 n16 d32 fp32", rounds=6, run=run)
    for figure in (held.speed, held.errors, held.rounds):
        assert all(np.isfinite(series.y).all() for series in figure.series)


def test_a_kernel_from_one_s_own_nodes_as_the_guide_has_it(tmp_path):
    """The guide's file, put into a folder of own nodes: a kernel like any other, gate included."""
    from meshloom.graph_runtime.catalog import find_nodes
    from meshloom.graph_runtime.engine import Engine, open_cache
    from meshloom.graph_runtime.preset import parse, resolve
    from meshloom.kernels.attention import registry

    guide = (Path(registry.__file__).parents[2] / "docs" / "attention.md").read_text(encoding="utf-8")
    (code,) = [text for text in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "@node" in text]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "fast.py").write_text(code, encoding="utf-8")
    try:
        catalog = find_nodes(tmp_path, packs=False)
        nodes = {
            "a": {"type": "kernels.attention", "with": {"kernel": "sdpa.math"}},
            "b": {"type": "mine.fast"},
            "compared": {
                "type": "kernels.compare",
                "with": {"shapes": "h1 n16 d32 fp32", "rounds": 6},
                "from": {"baseline": "a.kernel", "second": "b.attention_kernel"},
            },
        }
        graph = resolve(parse(json.dumps({"meshloom": 1, "nodes": nodes}).encode()), catalog)
        engine = Engine(catalog, open_cache(None), workers=1)
        outcome = engine.run(engine.plan(graph, None, tmp_path))
        assert outcome.status == "done", outcome.failed
        table = engine.value(outcome.outputs["compared"][0])
        assert {row[1]: row[2] for row in table.rows}["mine.fast"] == "ok"
    finally:
        registry._added.pop("mine.fast", None)
