"""Kernels of splatting as choices: the gate, what it refuses, and why a kernel cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.kernels.splatting import registry
from meshloom.kernels.splatting.arrays import Gaussians, Settings
from meshloom.kernels.splatting.catalogue import KERNELS
from meshloom.kernels.splatting.check import verify
from meshloom.kernels.splatting.comparing import before_it, compare
from meshloom.kernels.splatting.comparing import scene as cloud
from meshloom.kernels.splatting.cpu import CpuRasteriser
from meshloom.kernels.splatting.impl.own_cpu import OwnCpu
from meshloom.kernels.splatting.kernel import SplattingError

from ._scenes import camera, scene

HERE = [kernel_id for kernel_id in KERNELS if registry.get(kernel_id).usable()]


@pytest.mark.parametrize("kernel_id", HERE)
def test_every_kernel_that_can_be_used_passes_the_gate(kernel_id):
    report = verify(registry.get(kernel_id))
    assert report.passed, str(report)
    assert len(report.results) >= 8 and "passes" in str(report)


class Skewed(CpuRasteriser):
    """Gradients of opacities a thousandth too large."""

    def backward(self, *given, **named):
        found = super().backward(*given, **named)
        found.opacities *= np.float32(1.001)
        return found


class SkewedKernel(OwnCpu):
    id = "test.skewed"

    def open(self, threads):
        return Skewed(threads)


class Broken(OwnCpu):
    id = "test.broken"

    def open(self, threads):
        rasteriser = CpuRasteriser(threads)
        rasteriser.render = lambda *given: 1 / 0
        return rasteriser


def test_the_gate_finds_a_gradient_that_is_a_thousandth_off():
    report = verify(SkewedKernel())
    assert not report.passed and "opacities" in str(report)
    assert not verify(Broken()).passed and "ZeroDivisionError" in str(verify(Broken()))


def test_what_cannot_be_used_says_why_and_what_helps():
    for kernel_id in KERNELS:
        kernel = registry.get(kernel_id)
        verdict = kernel.usable()
        assert verdict or (verdict.reason and verdict.fix)
        if not verdict:
            with pytest.raises(SplattingError, match="cannot be used here") as caught:
                registry.opened(kernel_id, 1)
            assert caught.value.fix == verdict.fix
    with pytest.raises(SplattingError, match="no kernel of splatting"):
        registry.get("own.gpu")


def test_fingerprints_are_one_a_kernel():
    prints = [registry.get(kernel_id).fingerprint() for kernel_id in KERNELS]
    assert len(set(prints)) == len(prints)
    assert prints[0] == registry.get("own.cpu").fingerprint()


def test_torch_leaves_out_what_cannot_be_drawn_and_draws_nothing():
    good = scene(20, 1)
    means, quaternions = good.means.copy(), good.quaternions.copy()
    means[0], quaternions[1] = np.nan, 0
    bad = Gaussians(means, quaternions, good.scales, good.opacities, good.sh)
    rest = Gaussians(*(part[2:] for part in (means, quaternions, good.scales, good.opacities, good.sh)))
    with registry.opened("torch.tiles", 2) as rasteriser:
        frame = rasteriser.render(bad, camera(), Settings(geometry=True))
        np.testing.assert_allclose(frame.colour, rasteriser.render(rest, camera()).colour, atol=1e-6)
        found = rasteriser.backward(frame, np.ones((3, 41, 52), np.float32))
        assert np.isfinite(found.means).all() and not found.means[:2].any() and found.means[2:].any()
        assert not found.seen[:2].any() and found.seen[2:].any()
        parts = (means, quaternions, good.scales, good.opacities, good.sh)
        none = Gaussians(*(part[:0] for part in parts))
        nothing = rasteriser.render(none, camera(), Settings(geometry=True))
        assert (nothing.left == 1).all() and not nothing.colour.any()
        assert rasteriser.backward(nothing).means.shape == (0, 3)


def test_the_median_depth_is_that_of_our_own():
    gaussians, view = scene(200, 0, 3), camera(60, 44)
    found = {}
    for kernel_id in ("own.cpu", "torch.tiles"):
        with registry.opened(kernel_id, 2) as rasteriser:
            found[kernel_id] = rasteriser.render(gaussians, view, Settings(geometry=True)).median
    same = np.isclose(found["own.cpu"], found["torch.tiles"], rtol=1e-5)
    assert same.mean() > 0.99 and (found["own.cpu"] > 0).mean() > 0.2


def test_comparing_is_paired_and_marks_those_that_fail():
    kernels = [registry.get("own.cpu"), registry.get("torch.tiles"), registry.get("gsplat"), SkewedKernel()]
    result = compare(kernels, cloud(300, 0), [before_it(48, 40)], Settings(degree=0), rounds=6)
    own, torch_, gsplat, skewed = result.rows
    assert own.verdict == "baseline" and own.speedup == 1 and len(own.rounds) == len(torch_.rounds) == 6
    assert torch_.speedup < 1 and torch_.low <= torch_.speedup <= torch_.high
    assert gsplat.status == "ok" or "cannot be used" in gsplat.status
    assert "fails the gate" in skewed.status and not skewed.rounds
    assert result.noise >= 0
