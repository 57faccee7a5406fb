"""What is told of an exception in a node."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.events import NodeFailed

from .conftest import Ran, graph


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("node error", "the number is cursed"),
        ("bug", "ZeroDivisionError"),
        ("exit", "tried to end the process"),
        ("memory", "ran out of memory"),
    ],
)
def test_a_failing_branch_leaves_the_other(engine: Engine, how: str, message: str) -> None:
    data = graph(
        n=("t.number", {"value": 1}),
        bad=("t.fail", {"how": how}, {"a": "n"}),
        below=("t.add", {}, {"a": "bad", "b": "n"}),
        good=("t.add", {"plus": 1}, {"a": "n", "b": "n"}),
    )
    ran = Ran(engine, data)
    assert ran.outcome.status == "failed"
    assert message in ran.outcome.failed["bad"].message
    assert "bad" in ran.outcome.skipped["below"]
    assert ran.value("good") == 3
    again = Ran(engine, data)
    assert again.computed == set()


def test_modifying_an_input_is_caught(engine: Engine) -> None:
    data = graph(p=("t.picture",), bad=("t.mutate", {}, {"image": "p.image"}))
    ran = Ran(engine, data)
    assert "modify one of its inputs" in ran.outcome.failed["bad"].message
    assert np.all(ran.value("p").pixels == np.float32(0.5))


def test_no_traceback_in_the_message(engine: Engine) -> None:
    data = graph(n=("t.number", {}), bad=("t.fail", {"how": "bug"}, {"a": "n"}))
    (event,) = [event for event in Ran(engine, data).events if isinstance(event, NodeFailed)]
    assert "Traceback" not in event.message + event.hint
    assert "Traceback" in event.details
