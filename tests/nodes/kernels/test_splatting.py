from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import SplattingKernel
from meshloom.kernels.splatting import registry
from meshloom.kernels.splatting.catalogue import KERNELS
from meshloom.nodes.kernels.splatting import splatting


def test_the_choice_is_a_value_with_a_fingerprint(run):
    chosen = splatting(run=run)
    assert isinstance(chosen.kernel, SplattingKernel) and chosen.kernel.id == "own.cpu"
    assert chosen.kernel.fingerprint == registry.get("own.cpu").fingerprint()
    assert [row[0] for row in chosen.available.rows] == list(KERNELS)
    for _, _, usable, _, reason, fix, _ in chosen.available.rows:
        assert (usable == "yes") == (reason == "") and (usable == "yes" or fix)


def test_another_kernel_passes_the_gate_first(run):
    assert splatting("torch.tiles", run=run).kernel.id == "torch.tiles"
    kind, parts = run.remembered[0]
    assert kind == "gate" and parts[0] == "torch.tiles"
    assert any("checking" in message for _, _, message in run.progressed)


def test_what_cannot_be_used_is_an_error_or_replaced_with_a_warning(run, monkeypatch):
    kernel = type(registry.get("torch.tiles"))
    monkeypatch.setattr(kernel, "allowed", (0.0, 0.0))
    with pytest.raises(NodeError, match=r"fails (\d+) of \1 cases") as caught:
        splatting("torch.tiles", run=run)
    assert "own.cpu" in caught.value.hint
    assert splatting("torch.tiles", fallback=True, run=run).kernel.id == "own.cpu"
    assert any("Using own.cpu" in message for message in run.warnings)
    if not registry.get("gsplat").usable():
        with pytest.raises(NodeError, match=r"CUDA|installed"):
            splatting("gsplat", run=run)
    with pytest.raises(NodeError, match="no kernel"):
        splatting("brush", run=run)
