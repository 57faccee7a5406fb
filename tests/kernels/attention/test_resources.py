"""Registers and occupancy without a GPU."""

from __future__ import annotations

import importlib.util

import pytest

from meshloom.kernels.attention.isolated import call_main
from meshloom.kernels.attention.resources import occupancy

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed"
)


@pytest.mark.parametrize(
    ("arch", "registers", "shared", "threads", "ctas", "limit"),
    [
        ("sm_90a", 218, 16 << 10, 128, 2, "registers"),
        ("sm_90a", 96, 16 << 10, 128, 5, "registers"),
        ("sm_90", 172, 96 << 10, 256, 1, "registers"),
        ("sm_90", 82, 32 << 10, 256, 2, "registers"),
        ("sm_90", 128, 40 << 10, 128, 4, "registers"),
        ("sm_80", 32, 80 << 10, 128, 2, "shared memory"),
        ("sm_89", 32, 0, 128, 12, "warps"),
        ("sm_80", 16, 0, 32, 32, "CTAs"),
    ],
)
def test_occupancy_as_the_tables_have_it(arch, registers, shared, threads, ctas, limit):
    found, share, by = occupancy(arch, registers, shared, threads)
    assert (found, by) == (ctas, limit)
    assert 0 < share <= 1


@needs_triton
def test_our_triton_kernel_compiles_for_hopper_to_tensor_cores():
    (held,) = call_main("compile", "own.triton", "--spec", "h24 n4096 d128 bf16", "--arch", "sm_90")
    assert held["opcodes"]["HGMMA"] > 0
    assert held["spilled"] == 0
    assert 64 < held["registers"] <= 255
    assert held["ctas"] >= 1


@needs_triton
def test_an_option_reaches_the_compiler():
    few = '{"block_m": 64, "block_n": 32, "warps": 4, "stages": 2}'
    (held,) = call_main(
        "compile", "own.triton", "--options", few, "--spec", "h1 n512 d64 bf16", "--arch", "sm_80"
    )
    assert held["threads"] == 128 and held["variant"] == "m64 n32 w4 s2"
    assert held["opcodes"]["HMMA"] > 0
