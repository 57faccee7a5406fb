from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.generate import generate


@pytest.mark.parametrize("kind", ["solid", "gradient", "radial", "checker", "noise", "clouds"])
@pytest.mark.parametrize("depth", ["8 bit", "float"])
def test_size_depth_and_repeat(run, kind, depth):
    made = [generate(kind, 70, 50, depth=depth, cell=16, run=run) for _ in range(2)]
    assert made[0].pixels.shape == (50, 70, 3)
    assert made[0].pixels.dtype == (np.uint8 if depth == "8 bit" else np.float32)
    assert made[0].pixels.tobytes() == made[1].pixels.tobytes()
    assert made[0].as_float().min() >= 0 and made[0].as_float().max() <= 1


def test_solid_and_checker(run):
    assert (generate("solid", 4, 4, first=(1.0, 0.2, 0.0), run=run).pixels == [255, 51, 0]).all()
    checker = generate("checker", 8, 8, cell=2, run=run).pixels[:, :, 0]
    assert checker[0, :8].tolist() == [0, 0, 255, 255, 0, 0, 255, 255]
    np.testing.assert_array_equal(checker[2], 255 - checker[0])


def test_gradient_directions(run):
    right = generate("gradient", 100, 20, depth="float", run=run).pixels[:, :, 0]
    np.testing.assert_allclose(right[5], (np.arange(100) + 0.5) / 100, atol=1e-5)
    up = generate("gradient", 20, 100, angle=90.0, depth="float", run=run).pixels[:, 5, 0]
    assert (np.diff(up) < 0).all()


def test_noise_depends_on_the_seed_and_clouds_are_smooth(run):
    assert (
        generate("noise", 32, 32, run=run).pixels != generate("noise", 32, 32, seed=1, run=run).pixels
    ).any()
    noise = generate("noise", 128, 128, depth="float", run=run).pixels[:, :, 0]
    clouds = generate("clouds", 128, 128, cell=64, depth="float", run=run).pixels[:, :, 0]
    assert noise.mean() == pytest.approx(0.5, abs=0.02)
    assert np.abs(np.diff(clouds)).mean() < 0.1 * np.abs(np.diff(noise)).mean()
    assert np.ptp(clouds) > 0.4


def test_too_large(run):
    with pytest.raises(NodeError, match="megapixels"):
        generate(width=65536, height=65536, run=run)
