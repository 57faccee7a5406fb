from __future__ import annotations

import importlib.util

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.kernels._values import AttentionKernel
from meshloom.nodes.kernels.report import report


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")
def test_registers_of_our_triton_kernel_on_two_architectures(run, chosen):
    kernel = chosen("own.triton", options="block_m=64 block_n=32 warps=4 stages=2")
    held = report(kernel, "h1 n512 d64 bf16", ("sm_80", "sm_90"), run=run)
    rows = [dict(zip(held.table.columns, row, strict=True)) for row in held.table.rows]
    assert [row["architecture"] for row in rows] == ["sm_80", "sm_90"]
    for row in rows:
        assert row["variant"] == "m64 n32 w4 s2"
        assert 32 < row["registers"] <= 255 and row["spilled bytes"] == 0
        assert row["tensor core products"] > 0 and 0 < row["occupancy %"] <= 100
    assert held.figure.series[0].y.tolist() == [row["registers"] for row in rows]


def test_only_our_own_kernels_can_be_compiled(run, chosen):
    with pytest.raises(NodeError, match="not compiled by us"):
        report(chosen("sdpa.flash"), run=run)


@pytest.mark.parametrize("names", [("sm_42",), ()])
def test_architectures_must_be_known(run, names):
    kernel = AttentionKernel("own.triton", "", "")
    with pytest.raises(NodeError, match="no such architecture") as caught:
        report(kernel, architectures=names, run=run)
    assert "sm_90" in caught.value.hint


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")
def test_the_compiler_s_words_are_in_the_error(run):
    kernel = AttentionKernel("own.triton", "", "", '{"block_m": 48}')
    with pytest.raises(NodeError, match="died") as caught:
        report(kernel, "h1 n512 d64 bf16", ("sm_80",), run=run)
    assert "power of 2" in caught.value.hint


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")
def test_architectures_a_kernel_is_not_for_are_left_out_and_told(run):
    kernel = AttentionKernel("own.gluon", "", "")
    held = report(kernel, "h1 n512 d64 bf16", ("sm_80", "sm_90"), run=run)
    assert [row[3] for row in held.table.rows] == ["sm_90"]
    assert run.warnings == ["own.gluon is not for sm_80: left out"]
    with pytest.raises(NodeError, match="is not for sm_89"):
        report(kernel, "h1 n512 d64 bf16", ("sm_89",), run=run)
