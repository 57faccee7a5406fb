"""`meshloom bench attention`, as a user types it."""

from __future__ import annotations

import json

import pytest

from meshloom.graph_runtime.cli.main import run


@pytest.fixture(autouse=True)
def one_thread():
    """On a busy machine the threads of many small operations wait for each other most of the time."""
    import torch

    held = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(held)


def test_json_of_a_comparison(capsys):
    words = ["--spec", "h1 n16 d32 fp32", "--kernel", "sdpa.math", "--kernel", "sdpa.flash", "--rounds", "6"]
    assert run(["bench", "attention", *words, "--no-gate", "--device", "cpu", "--json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert [row["status"] for row in held["specs"][0]["rows"]] == ["ok", "ok"]
    assert held["specs"][0]["null"]["low"] <= 1.2


def test_a_shape_that_is_none_is_exit_code_2(capsys):
    assert run(["bench", "attention", "--spec", "large"]) == 2
    assert "not understood" in capsys.readouterr().err
