from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.kernels.attention import registry
from meshloom.nodes.kernels._values import AttentionKernel
from meshloom.nodes.kernels.compare_in_model import compare_in_model

SMALL: dict[str, int] = {"steps": 2, "reference_side": 64, "rounds": 6}


def rows_of(held):
    return {row[0]: dict(zip(held.table.columns, row, strict=True)) for row in held.table.rows}


def test_one_step_with_its_error_to_double_precision(model, prompt, photo, chosen, warm_run):
    warm_run.progressed.clear()
    held = compare_in_model(
        model,
        prompt,
        chosen("sdpa.flash"),
        chosen("sdpa.math"),
        [photo],
        [chosen("sdpa.cudnn")],
        **SMALL,
        run=warm_run,
    )
    rows = rows_of(held)
    assert rows["A/A (baseline again)"]["verdict"].startswith("noise ± ")
    for name in ("sdpa.flash", "sdpa.math"):
        assert rows[name]["status"] == "ok"
        assert 0 < rows[name]["relative error to fp64"] < 0.05
        assert rows[name]["equal when repeated"] == "true"
    assert rows["sdpa.flash"]["difference from baseline (relative)"] == 0
    same = rows["sdpa.math"]
    assert same["difference from baseline (relative)"] == same["noise floor (relative)"] > 0
    assert rows["sdpa.cudnn"]["status"].startswith("failed: sdpa.cudnn cannot compute")
    assert any("sdpa.cudnn failed" in warning for warning in warm_run.warnings)
    assert held.pictures == [] and held.best.id in ("sdpa.flash", "sdpa.math")
    assert (
        rows["sdpa.flash"]["gate"].startswith("passes ")
        and "calls of the model" in rows["sdpa.flash"]["gate"]
    )
    assert rows["sdpa.math"]["predicted speed-up"] > 0 and 0 < rows["sdpa.math"]["% in attention"] < 100
    assert [series.name for series in held.rounds.series] == ["A/A (baseline again)", "sdpa.math"]
    assert all(len(series.y) == 6 for series in held.rounds.series)
    assert [series.name for series in held.errors.series] == ["sdpa.flash", "sdpa.math"]
    data = json.loads(bytes(held.data.data))
    assert data["mode"] == "transformer step" and len(data["arms"][1]["times"]) == 6
    assert (
        data["arms"][2]["failure"].startswith("sdpa.cudnn cannot compute") and data["conditions"]["versions"]
    )
    shares = [done for done, _, _ in warm_run.progressed]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert sum("random weights" in warning for warning in warm_run.warnings) == 1


def test_whole_pictures_with_a_noise_floor(model, prompt, photo, chosen, warm_run):
    held = compare_in_model(
        model,
        prompt,
        chosen("sdpa.flash"),
        chosen("reference.fp64"),
        [photo],
        mode="full pipeline",
        **SMALL,
        run=warm_run,
    )
    rows = rows_of(held)
    assert [picture.name for picture in held.pictures] == ["sdpa.flash", "reference.fp64"]
    assert rows["sdpa.flash"]["difference from baseline (PSNR dB)"] == "none"  # A/A: equal to the bit
    assert rows["sdpa.flash"]["equal when repeated"] == "true"
    exact = rows["reference.fp64"]
    assert 20 < exact["noise floor (PSNR dB)"] < 200
    assert 20 < exact["difference from baseline (PSNR dB)"] < 200
    assert exact["attention calls"] > 0 and exact["by a fallback"] == 0
    assert not np.array_equal(held.pictures[0].pixels, held.pictures[1].pixels)
    assert rows["A/A (baseline again)"]["difference from baseline (PSNR dB)"] == "none"
    assert held.picture.width == 960 and held.picture.pixels.std() > 10
    assert held.errors.series[-1].name == "noise floor (sdpa.math)"


class Wrong(registry.get("sdpa.math").__class__):
    """Right on what the gate invents, wrong on what this model computes."""

    id = "test.wrong"

    def run(self, q, k, v, mask, causal, scale, out):
        found = super().run(q, k, v, mask, causal, scale, out)
        return found * (1.01 if q.shape[1] > 300 else 1)


def test_a_kernel_that_is_wrong_on_the_model_s_own_calls_is_not_timed(
    model, prompt, photo, chosen, warm_run, monkeypatch
):
    monkeypatch.setitem(registry._added, Wrong.id, Wrong)
    wrong = AttentionKernel(Wrong.id, "", "")
    words = {**SMALL, "reference_side": 128, "guidance": 1.0}
    held = compare_in_model(model, prompt, chosen("sdpa.math"), wrong, [photo], **words, run=warm_run)
    rows = rows_of(held)
    assert rows["test.wrong"]["status"].startswith("failed: the gate: test.wrong fails")
    assert "call " in rows["test.wrong"]["status"] and rows["test.wrong"]["attention calls"] == 0
    # Where the plain computation is the baseline itself, another exact kernel is the floor.
    assert rows["sdpa.math"]["noise floor (relative)"] > 0
    unchecked = compare_in_model(
        model, prompt, chosen("sdpa.math"), wrong, [photo], **words, check=False, run=warm_run
    )
    assert rows_of(unchecked)["test.wrong"]["status"] == "ok"
    assert rows_of(unchecked)["test.wrong"]["difference from baseline (relative)"] > 1e-4


def test_out_of_memory_in_one_arm_marks_it(model, prompt, photo, chosen, warm_run, monkeypatch):
    class Hungry(registry.get("sdpa.math").__class__):
        id = "test.hungry"

        def run(self, q, k, v, mask, causal, scale, out):
            if q.shape[1] > 100:
                torch.empty(1 << 50)
            return super().run(q, k, v, mask, causal, scale, out)

    monkeypatch.setitem(registry._added, Hungry.id, Hungry)
    hungry = AttentionKernel(Hungry.id, "", "")
    held = compare_in_model(
        model, prompt, chosen("sdpa.math"), hungry, [photo], **SMALL, check=False, run=warm_run
    )
    rows = rows_of(held)
    assert "memory" in rows["test.hungry"]["status"]
    assert rows["sdpa.math"]["status"] == "ok" and held.best.id == "sdpa.math"


def test_where_none_can_it_is_an_error(model, prompt, photo, chosen, warm_run):
    with pytest.raises(NodeError, match="no kernel could be measured"):
        compare_in_model(
            model, prompt, chosen("sdpa.cudnn"), chosen("sdpa.cudnn"), [photo], **SMALL, run=warm_run
        )


def test_a_cancel_ends_it(model, prompt, photo, chosen, warm_run, monkeypatch):
    def progress(done: float, total: float = 1.0, message: str = "") -> None:
        if "round 2" in message:
            raise Cancelled

    monkeypatch.setattr(warm_run, "progress", progress)
    with pytest.raises(Cancelled):
        compare_in_model(
            model, prompt, chosen("sdpa.flash"), chosen("sdpa.math"), [photo], **SMALL, run=warm_run
        )
