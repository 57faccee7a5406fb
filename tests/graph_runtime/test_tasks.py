"""Equal work is done once; the accelerator takes one task at a time."""

from __future__ import annotations

from meshloom.graph_runtime.engine import Engine

from .conftest import Ran, graph


def test_equal_nodes_run_once(engine: Engine) -> None:
    data = graph(
        a=("t.slow", {"seconds": 0.1, "mark": 3}),
        b=("t.slow", {"seconds": 0.1, "mark": 3}),
        sum=("t.add", {}, {"a": "a", "b": "b"}),
    )
    ran = Ran(engine, data)
    assert ran.value("sum") == 6
    assert len(ran.computed & {"a", "b"}) == 1


def test_gpu_nodes_take_turns(engine: Engine) -> None:
    ran = Ran(engine, graph(**{f"g{i}": ("t.gpu", {"mark": i}) for i in range(4)}))
    assert ran.outcome.status == "done"
