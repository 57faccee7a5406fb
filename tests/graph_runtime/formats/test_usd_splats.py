"""Splats in USD: what is written comes back, through Pixar's own library where it is there."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.splats import read_splats, write_splats
from meshloom.graph_runtime.formats.usd_splats import splats_of

from ._mutating import MUTATED, mutated
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


def binary(path: Path, count: int = 12) -> Path:
    """A scene as .usdc or .usdz at ``path``."""
    text = path.with_suffix(".usda")
    text.write_bytes(write_splats(scene(count, 1), "usda"))
    crate = path.with_suffix(".usdc")
    words = f"from pxr import Usd; Usd.Stage.Open({str(text)!r}).Export({str(crate)!r})"
    if path.suffix == ".usdz":
        words += f"; from pxr import UsdUtils; UsdUtils.CreateNewUsdzPackage({str(crate)!r}, {str(path)!r})"
    subprocess.run([sys.executable, "-c", words], check=True)
    return path


@needs_usd
@pytest.mark.parametrize("ending", ["usdc", "usdz"])
def test_binary_files_are_read(tmp_path, ending):
    found = read_splats(binary(tmp_path / f"scene.{ending}"))
    assert np.array_equal(found.means, scene(12, 1).means) and found.sh.shape == (12, 4, 3)


@needs_usd
@pytest.mark.skipif(sys.platform != "linux", reason="the system keeps no limit of memory")
def test_a_small_file_that_declares_much_takes_no_memory(tmp_path):
    """The number of scales in a crate, overwritten: USD allocates and fills what it is told."""
    path = binary(tmp_path / "scene.usdc")
    data = path.read_bytes()
    scales = data.index(np.asarray(scene(12, 1).scales, "<f4").tobytes())
    path.write_bytes(data[: scales - 8] + struct.pack("<Q", 2**31 - 1) + data[scales:])
    with pytest.raises(NodeError, match="cannot be read"):
        read_splats(path)


@needs_usd
@pytest.mark.skipif(not hasattr(os, "fork"), reason="starting the reader anew for each file takes too long")
@pytest.mark.parametrize("ending", ["usda", "usdc", "usdz"])
def test_mutated_files_end_in_splats_or_an_error(tmp_path, ending):
    """The native reader may break off; it takes nothing down, and what it leaves is a scene or an error."""
    count = MUTATED if "MESHLOOM_FUZZ" in os.environ else MUTATED // 3
    path = tmp_path / f"scene.{ending}"
    if ending == "usda":
        path.write_bytes(write_splats(scene(12, 1), "usda"))
    else:
        binary(path)
    original, random = path.read_bytes(), np.random.default_rng(7)
    folder = tmp_path / "mutated"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.{ending}").write_bytes(mutated(original, random))
    many = Path(__file__).with_name("_usd_many.py")
    ran = subprocess.run([sys.executable, str(many), str(folder)], check=True, capture_output=True, text=True)
    told = json.loads(ran.stdout.splitlines()[-1])
    assert len(told) == count
    read, refused, broke = 0, 0, 0
    for name, status, peak, seconds in told:
        assert peak < 800 and seconds < 30, name
        left = (folder / name).with_suffix(".npz")
        broke += status < 0
        assert status in (0, 3) or status < 0, name
        if status:
            continue
        try:
            found = splats_of(left, name)
        except NodeError:
            refused += 1
            continue
        read += 1
        assert np.isfinite(found.means).all() and np.isfinite(found.scales).all()
    most, slowest = max(each[2] for each in told), max(each[3] for each in told)
    print(
        f"\n{ending}: {count} files, {read} read, {broke} broke the reader off, slowest {slowest:.2f} s, {most} MiB"
    )


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    path = tmp_path / "scene.usda"
    path.write_bytes(write_splats(scene(3, 0), "usda"))
    with pytest.raises(NodeError, match="not installed") as caught:
        read_splats(path)
    assert "meshloom[usd]" in caught.value.hint
