"""The comparison: what is the same is told to be, what is slower too, and one bad arm spoils no other."""

from __future__ import annotations

import json
import math
from typing import ClassVar
from xml.etree import ElementTree

import pytest
import torch

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.bench import NULL, SCHEMA, Plan, compare
from meshloom.kernels.attention.command import choose, clean, run_bench, text_of
from meshloom.kernels.attention.impl.sdpa import Flash
from meshloom.kernels.attention.spec import AttnSpec

QUICK = Plan(rounds=10, warm_up=0.02, least=0.004, settle=0.002, gate=False, ceiling=False)
SPEC = AttnSpec.parse("h4 n128 d64 fp32")


class Twice(Flash):
    id = "test.twice"

    def run(self, q, k, v, mask, causal, scale, out):
        super().run(q, k, v, mask, causal, scale, out)
        super().run(q, k, v, mask, causal, scale, out)
        return super().run(q, k, v, mask, causal, scale, out)


class Broken(Flash):
    id = "test.broken"
    options: ClassVar = {"how": "nan", "after": 0}
    calls = 0

    def run(self, q, k, v, mask, causal, scale, out):
        self.calls += 1
        found = super().run(q, k, v, mask, causal, scale, out)
        if self.calls > self.chosen["after"]:
            if self.chosen["how"] == "nan":
                return found * torch.nan
            if self.chosen["how"] == "memory":
                raise torch.OutOfMemoryError("tried to allocate 3 TiB\nmore")
            raise RuntimeError("illegal instruction")
        return found


@pytest.fixture(scope="module")
def result():
    kernels = [
        Flash(),
        Flash(),
        Twice(),
        Broken(),
        Broken(how="raise"),
        Broken(how="memory"),
        registry.get("sdpa.cudnn"),
    ]
    return compare(kernels, [SPEC], QUICK)


def quiet(held) -> None:
    """Skip where the machine is so busy that the benchmark itself says it cannot tell."""
    if held.noise > 0.3:
        pytest.skip(f"A/A noise \u00b1 {held.noise:.0%} on this machine now")


def test_three_times_the_work_is_slower_by_about_three(result):
    quiet(result.specs[0])
    row = result.specs[0].rows[2]
    assert row.verdict == "slower"
    assert 0.2 < row.speedup < 0.55
    assert row.speedup_low <= row.speedup <= row.speedup_high < 1


def test_the_same_kernel_is_never_called_slower_or_faster_than_its_noise(result):
    held = result.specs[0]
    assert held.rows[0].verdict == "baseline"
    assert held.null is not None and 0 < held.noise < 2
    assert all(len(row.rounds) == 10 for row in held.rows[:3])
    quiet(held)
    assert 0.7 < held.rows[1].speedup < 1.4


def test_arms_that_fail_say_how_and_the_others_finish(result):
    rows = result.specs[0].rows
    assert [row.status for row in rows] == ["ok", "ok", "ok", "failed", "failed", "failed", "unsupported"]
    assert "NaN" in rows[3].reason
    assert "illegal instruction" in rows[4].reason
    assert rows[5].reason == "out of memory: tried to allocate 3 TiB"
    assert "not on cpu" in rows[6].reason


def test_figures_fit_each_other(result):
    row = result.specs[0].rows[0]
    assert row.tflops == pytest.approx(SPEC.flops / (row.ms / 1000) / 1e12)
    assert row.ms_low <= row.ms <= row.ms_high
    assert 0 < row.rel_error < 1e-6


def test_an_arm_that_breaks_later_is_marked_and_the_rest_is_kept():
    late = Broken(how="raise", after=40)
    held = compare([Flash(), late], [SPEC], QUICK).specs[0]
    assert [row.status for row in held.rows] == ["ok", "failed"]
    assert held.rows[0].ms > 0


def test_a_baseline_that_fails_leaves_times_without_ratios():
    held = compare([Broken(how="raise"), Flash()], [SPEC], QUICK).specs[0]
    assert held.null is None
    assert held.rows[1].ms > 0 and math.isnan(held.rows[1].speedup)


def test_a_kernel_that_fails_the_gate_is_not_timed():
    class Wrong(Flash):
        id = "test.wrong"

        def run(self, q, k, v, mask, causal, scale, out):
            return super().run(q, k, v, mask, causal, 1.1 * scale, out)

    row = (
        compare(
            [Flash(), Wrong()], [SPEC], Plan(rounds=6, warm_up=0.01, least=0.002, settle=0, ceiling=False)
        )
        .specs[0]
        .rows[1]
    )
    assert row.status == "failed" and row.reason.startswith("the gate: test.wrong fails")
    assert not row.rounds


def test_progress_comes_often_and_may_end_it():
    shares: list[float] = []
    compare([Flash(), Twice()], [SPEC, SPEC], QUICK, lambda share, message: shares.append(share))
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert len(shares) > 20

    def stop(share: float, message: str) -> None:
        if "round 3" in message:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        compare([Flash(), Twice()], [SPEC], QUICK, stop)


def test_json_says_the_schema_conditions_and_every_round(result):
    held = json.loads(json.dumps(clean(result.to_json()), allow_nan=False))
    assert held["schema"] == SCHEMA
    assert held["conditions"]["versions"]["torch"] == torch.__version__
    rows = held["specs"][0]["rows"]
    assert len(rows[0]["rounds"]) == 10
    assert rows[3]["ms"] is None
    assert NULL not in [row["kernel"] for row in rows]


def test_text_begins_with_the_null(result):
    lines = text_of(result).splitlines()
    assert lines[1].startswith("times: processor time")
    assert "A/A" in lines[4] and "noise ±" in lines[4]
    assert any("unsupported: runs on cuda" in line for line in lines)


def test_best_is_exact_and_ok(result):
    assert result.best() in ("sdpa.flash",)


def test_the_command_tells_what_is_wrong(capsys):
    assert run_bench(["nonsense"]) == 2
    assert "not understood" in capsys.readouterr().err
    assert run_bench(["h1 n8 d8"], ["sdpa.fast"]) == 2
    assert "there are: " in capsys.readouterr().err


def test_opponents_are_chosen_with_the_baseline_first():
    names = [kernel.id for kernel in choose([AttnSpec.parse("h1 n64 d64 bf16")])]
    assert names[0] == "sdpa.default"
    assert "sdpa.flash" in names and "reference.fp64" not in names


def test_what_is_measured_is_on_disk_after_each_shape(tmp_path, monkeypatch):
    """A run that is ended leaves what it has; the drawing shows every kernel and shape that ran."""
    from meshloom.kernels.attention import bench, command

    init = bench.Plan.__init__
    short = {"warm_up": 0.01, "least": 0.001, "settle": 0.0}
    monkeypatch.setattr(bench.Plan, "__init__", lambda self, **words: init(self, **words, **short))
    monkeypatch.setattr(bench, "_gemm_tflops", lambda spec: 0.5)
    at = {name: tmp_path / f"held.{name}" for name in ("json", "svg")}
    seen: list[int] = []
    real = command.svg_of

    def draws(found):
        seen.append(len(json.loads(at["json"].read_text())["specs"]))
        return real(found)

    monkeypatch.setattr(command, "svg_of", draws)
    shapes = ["h1 n32 d32 fp32", "h1 n48 d32 fp32", "h1 n32 d32 fp32 causal"]
    kernels = ["sdpa.math", "sdpa.flash", "sdpa.cudnn"]
    assert (
        run_bench(shapes, kernels, "cpu", 6, gate=False, json_to=str(at["json"]), svg_to=str(at["svg"])) == 0
    )
    assert seen == [1, 2, 3]
    root = ElementTree.fromstring(at["svg"].read_text())
    texts = [held.text for held in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "B1 H1 D32 fp32" in texts and "B1 H1 D32 fp32, causal" in texts
    assert {"sdpa.math", "sdpa.flash", "matrix product", "32", "48"} <= set(
        texts
    ) and "sdpa.cudnn" not in texts
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == 6
    assert all(0 <= float(held.get("cx")) <= 900 and 0 <= float(held.get("cy")) <= 420 for held in circles)
