"""Values of several floats in kernels: what each word does, and that kernels are right at either width."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from meshloom.kernels.splatting.fresh import MARK, forget_stale
from meshloom.kernels.splatting.lanes import (
    DOUBLES,
    EIGHT,
    LANES,
    any_of,
    choose,
    copy,
    gather,
    larger,
    load,
    load_rows,
    root,
    scatter,
    smaller,
    spread,
    store,
    store_rows,
    total,
    totals,
)

F = np.float32


@njit
def _reckoned(a, out):
    x, y = load(a, 0), load(a, LANES)
    store(out, 0, (x + y) * x - y / F(2) + F(1) - (-x))
    store(out, LANES, choose((x >= F(0.5)) & (y < F(0.5)), spread(F(7)), x))
    store(out, 2 * LANES, larger(smaller(x, y), F(0.25)))
    store(out, 3 * LANES, root(choose(x > y, x, F(4))))
    return total(x), any_of(x > F(2)), any_of(x >= F(0))


def test_reckoning_is_that_of_each_float():
    a = np.random.default_rng(0).random(2 * LANES, F)
    out = np.zeros(4 * LANES, F)
    summed, above, at_least = _reckoned(a, out)
    x, y = a.reshape(2, -1)
    expected = [
        (x + y) * x - y / 2 + 1 + x,
        np.where((x >= 0.5) & (y < 0.5), 7, x),
        np.maximum(np.minimum(x, y), 0.25),
        np.sqrt(np.where(x > y, x, 4)),
    ]
    np.testing.assert_allclose(out.reshape(4, -1), expected, rtol=1e-6)
    assert summed == pytest.approx(x.sum(), rel=1e-6) and not above and at_least


@njit
def _doubled(a, out):
    x = load(a, 0)
    store(out, 0, choose(x > 0.5, root(x), 2.0 * x))
    return total(x)


def test_doubles_keep_their_digits():
    a = np.random.default_rng(1).random(DOUBLES)
    out = np.zeros(DOUBLES)
    assert _doubled(a, out) == pytest.approx(a.sum(), rel=1e-15)
    np.testing.assert_allclose(out, np.where(a > 0.5, np.sqrt(a), 2 * a), rtol=1e-15)


@njit
def _summed(a, out):
    totals(
        out, 1, load(a, 0), load(a, LANES), load(a, 2 * LANES), load(a, 3 * LANES), load(a, 4 * LANES),
        load(a, 5 * LANES), load(a, 6 * LANES), load(a, 7 * LANES),
    )  # fmt: skip


def test_eight_sums_at_once():
    a, out = np.random.default_rng(2).random(8 * LANES, F), np.zeros(10, F)
    _summed(a, out)
    np.testing.assert_allclose(out[1:9], a.reshape(8, -1).sum(axis=1), rtol=1e-6)
    assert out[0] == out[9] == 0


@njit
def _moved(a, out):
    store_rows(out, 3, 20, load_rows(a, 2, 12) + F(1))
    copy(out, 50, a, 5)


def test_rows_of_a_strip():
    a, out = np.arange(60, dtype=F), np.zeros(60, F)
    _moved(a, out)
    expected = np.zeros(60, F)
    for row in range(LANES // EIGHT):
        expected[3 + 20 * row : 11 + 20 * row] = a[2 + 12 * row : 10 + 12 * row] + 1
    expected[50:58] = a[5:13]
    np.testing.assert_array_equal(out, expected)


@njit
def _turned(source, which, held, target):
    gather(held, 2, source, which, 11, 1, 3)
    gather(held, 5, source, which, 11, 3, 8)
    scatter(held, 2, target, which, 4, 1, 3)


def test_rows_to_lanes_and_back():
    source = np.random.default_rng(3).random((20, 11), F)
    which = np.array([3, 1, 7, 19, 9, 2, 0, 3][:DOUBLES])
    held, target = np.zeros(14 * DOUBLES), np.zeros((20, 4), F)
    _turned(source, which, held, target)
    parts = held.reshape(14, DOUBLES)
    np.testing.assert_array_equal(parts[2:5], source[which, 1:4].T)
    np.testing.assert_array_equal(parts[5:13], source[which, 3:11].T)
    assert not parts[:2].any() and not parts[13].any()
    expected = np.zeros((20, 4), F)
    expected[which, 1:] = source[which, 1:4]
    np.testing.assert_array_equal(target, expected)


@njit
def _of_doubles(source, which, held):
    gather(held, 0, source, which, 3, 0, 1)


def test_of_equal_rows_the_first_lane_stays():
    @njit
    def back(held, which, target):
        scatter(held, 0, target, which, 1, 0, 1)

    held, which, target = np.arange(DOUBLES) + 1.0, np.zeros(DOUBLES, np.int64), np.zeros(3, F)
    back(held, which, target)
    assert target.tolist() == [1, 0, 0]
    _of_doubles(np.arange(6.0), which + 1, held)
    assert held.tolist() == [3] * DOUBLES


def test_arrays_with_gaps_are_refused():
    with pytest.raises(TypingError, match="contiguous"):
        _doubled(np.zeros(4 * DOUBLES)[::2], np.zeros(DOUBLES))


GATE = """
import llvmlite.binding as llvm
features = llvm.get_host_cpu_features()
features.update({name: False for name in features if name.startswith("avx512")})
llvm.get_host_cpu_features = lambda: features
from meshloom.kernels.splatting import registry
from meshloom.kernels.splatting.check import verify
from meshloom.kernels.splatting.lanes import LANES
print(LANES, verify(registry.get("own.cpu")))
"""


@pytest.mark.skipif(
    LANES == 8, reason="this processor has no wider registers: the gate has run at eight lanes"
)
def test_processors_with_narrow_registers_pass_the_gate(tmp_path):
    where = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", GATE], env=where, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.startswith("8 own.cpu passes"), done.stdout + done.stderr


def test_compiled_kernels_go_when_any_source_changes(tmp_path):
    sources = [tmp_path / "one.py", tmp_path / "two.py"]
    for source in sources:
        source.write_text(source.stem)
    cache = tmp_path / "cache"
    assert forget_stale(sources, cache) and (cache / MARK).exists()
    kept = cache / "three.f-1.py311.nbi"
    compiled = [cache / "one.f-1.py311.nbi", cache / "two.g-9.py311.nbi"]
    for path in (kept, *compiled):
        path.write_text("")
    assert not forget_stale(sources, cache) and all(path.exists() for path in compiled)
    sources[1].write_text("changed")
    assert forget_stale(sources, cache) and kept.exists() and not any(path.exists() for path in compiled)
    assert not forget_stale([tmp_path / "none.py"], cache)
