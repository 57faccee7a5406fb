"""The comparison: what is the same is told to be, what is slower too, and one bad arm spoils no other."""

from __future__ import annotations

import json
import math
import time
from typing import ClassVar

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
    for attempt in range(4):  # a very busy moment is waited out
        found = compare(kernels, [SPEC], QUICK)
        if found.specs[0].noise < 0.3 and 0.75 < found.specs[0].rows[1].speedup < 1.33:
            break
        time.sleep(1 + attempt)
        kernels[3:6] = [Broken(), Broken(how="raise"), Broken(how="memory")]
    return found


def test_three_times_the_work_is_slower_by_about_three(result):
    row = result.specs[0].rows[2]
    assert row.verdict == "slower"
    assert 0.2 < row.speedup < 0.55
    assert row.speedup_low <= row.speedup <= row.speedup_high < 1


def test_the_same_kernel_is_never_called_slower_or_faster_than_its_noise(result):
    held = result.specs[0]
    assert held.rows[0].verdict == "baseline"
    assert held.null is not None and 0 < held.noise < 2
    assert all(len(row.rounds) == 10 for row in held.rows[:3])
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
