"""What our kernels may take of a GPU, checked by compiling: an edit that spills is seen without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.compile_cuda import find_cuobjdump
from meshloom.kernels.attention.isolated import call_main

BUDGETS = json.loads((Path(registry.__file__).parent / "budget.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(find_cuobjdump() is None, reason="no cuobjdump: pip install 'meshloom[kernels]'")
@pytest.mark.parametrize("budget", BUDGETS, ids=lambda b: f"{b['kernel']}-{b['spec'].split()[3]}-{b['arch']}")
def test_machine_code_keeps_its_budget(budget):
    kernel = registry.get(budget["kernel"])
    if not kernel.installed():
        pytest.skip(str(kernel.installed()))
    words = ("compile", kernel.id, "--spec", budget["spec"], "--arch", budget["arch"])
    (held,) = call_main(*words, env={"TRITON_INTERPRET": "0"})
    assert held["registers"] <= budget["registers"]
    assert held["spilled"] <= budget["spilled"]
    assert held["ctas"] >= budget["ctas"]
    for name, least in budget["opcodes"].items():
        assert held["opcodes"].get(name, 0) >= least


def test_every_kernel_of_ours_for_gpus_has_budgets_on_its_generations():
    ours = {name for name in registry.ids() if registry.get(name).compiles}
    assert {"own.triton", "own.gluon", "own.mma_low", "own.mma_high"} <= ours
    for name in ours - {"own.cuda"}:  # its source is the user's
        generations = {budget["arch"][:5] for budget in BUDGETS if budget["kernel"] == name}
        known = [arch for arch in ("sm_80", "sm_89", "sm_90") if registry.get(name).compiles_for(arch)]
        assert generations == set(known)
