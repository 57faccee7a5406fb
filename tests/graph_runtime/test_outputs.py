"""What a node returned is held against its spec."""

from __future__ import annotations

from meshloom.graph_runtime.engine import Engine

from .conftest import Ran, graph


def test_a_wrong_type_is_blamed_on_the_node_that_returned_it(engine: Engine) -> None:
    data = graph(
        n=("t.number", {}),
        bad=("t.wrong_type", {}, {"a": "n"}),
        end=("t.add", {}, {"a": "bad", "b": "n"}),
    )
    ran = Ran(engine, data)
    assert set(ran.outcome.failed) == {"bad"}
    assert "output value is str; expected int" in ran.outcome.failed["bad"].message
