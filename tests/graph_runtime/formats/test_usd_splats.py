"""Splats in USD: what is written comes back, through Pixar's own library where it is there."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.splats import read_splats, write_splats

from .test_splats import back, covariances, scene

needs_usd = pytest.mark.skipif(importlib.util.find_spec("pxr") is None, reason="usd-core is not installed")


def test_the_text_says_which_way_is_up_and_holds_every_number():
    splats = scene(count=7, degree=2, antialiased=True)
    text = write_splats(splats, "usda").decode()
    assert text.startswith("#usda 1.0") and 'upAxis = "Y"' in text and "bool antialiased = 1" in text
    assert "uniform int radiance:sphericalHarmonicsDegree = 2" in text
    places = re.search(r"positions = \[(.*)\]", text)
    assert places is not None
    numbers = np.array([float(word) for word in re.findall(r"[-\d.e+]+", places[1])], np.float32).reshape(
        -1, 3
    )
    assert np.array_equal(numbers * np.array([1, -1, -1], np.float32), splats.means)
    coefficients = re.search(r"Coefficients = \[(.*)\]", text)
    assert coefficients is not None and coefficients[1].count("(") == 7 * 9


@needs_usd
@pytest.mark.parametrize("degree", [0, 3])
def test_it_comes_back(tmp_path, degree):
    splats = scene(degree=degree, antialiased=degree == 3)
    found = back(tmp_path, splats, "usda")
    assert np.array_equal(found.means, splats.means) and np.array_equal(found.sh, splats.sh)
    np.testing.assert_allclose(found.scales, splats.scales, rtol=1e-6)
    np.testing.assert_allclose(found.opacities, splats.opacities, atol=1e-7)
    np.testing.assert_allclose(covariances(found), covariances(splats), rtol=1e-4, atol=1e-7)
    assert found.antialiased == splats.antialiased


@needs_usd
def test_transforms_and_z_up_are_followed(tmp_path):
    splats = scene(count=5, degree=0)
    text = write_splats(splats, "usda").decode().replace('upAxis = "Y"', 'upAxis = "Z"')
    moved = (
        'double3 xformOp:translate = (1, 2, 3)\n    uniform token[] xformOpOrder = ["xformOp:translate"]\n'
    )
    path = tmp_path / "scene.usda"
    path.write_text(text.replace("{\n    float3[] extent", "{\n    " + moved + "    float3[] extent"))
    found = read_splats(path)
    # In the file: y and z flipped, then moved; its z points up, which is our -y, its y away from us, our z.
    x, y, z = (splats.means * [1, -1, -1] + [1, 2, 3]).T
    np.testing.assert_allclose(found.means, np.column_stack([x, -z, y]), rtol=1e-5, atol=1e-5)


@needs_usd
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#usda 1.0\n", "holds no ParticleField3DGaussianSplat"),
        ("#usda 1.0\ndef Particle", "cannot be read"),
        ("PXR-USDC" + "x" * 100, "cannot be read"),
    ],
)
def test_what_holds_no_splats_is_told(tmp_path, text, says):
    path = tmp_path / ("scene.usdc" if text.startswith("PXR") else "scene.usda")
    path.write_text(text)
    with pytest.raises(NodeError, match=says):
        read_splats(path)


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    path = tmp_path / "scene.usda"
    path.write_bytes(write_splats(scene(3, 0), "usda"))
    with pytest.raises(NodeError, match="not installed") as caught:
        read_splats(path)
    assert "meshloom[usd]" in caught.value.hint
