from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.nodes.kernels.compare_in_model import compare_in_model

SMALL: dict[str, int] = {"steps": 2, "reference_side": 64, "rounds": 6}


def rows_of(held):
    return {row[0]: dict(zip(held.table.columns, row, strict=True)) for row in held.table.rows}


def test_one_step_with_its_error_to_double_precision(model, prompt, photo, chosen, warm_run):
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
