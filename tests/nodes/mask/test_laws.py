"""What holds for every node that makes a mask of a mask."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from meshloom.graph_runtime.signature import read_spec
from meshloom.graph_runtime.types import Mask

NODES = {
    "combine": {},
    "feather": {"radius": 3.0},
    "grow": {"amount": 2.5},
    "invert": {},
    "resize": {"width": 30},
    "tidy": {"smallest": 5},
}


def call(name: str, mask: Mask, run: object, **more: object) -> Mask:
    module = import_module(f"meshloom.nodes.mask.{name}")
    function = getattr(module, name)
    spec = read_spec(function, f"mask.{name}", module.__file__)
    masks = [mask, mask] if name == "combine" else [mask]
    return function(*masks, **{**NODES[name], **more}, **({"run": run} if spec.takes_run else {}))


@pytest.mark.parametrize("name", NODES)
@pytest.mark.parametrize("kind", ["boxes", "soft", "nothing", "everything", "noise"])
def test_coverage_stays_coverage(boxed, run, name, kind):
    coverage = np.array(boxed((5, 5, 20, 20), (30, 30, 32, 32)).coverage)
    if kind == "soft":
        coverage *= np.linspace(0, 1, 48, dtype=np.float32)
    if kind in ("nothing", "everything"):
        coverage[:] = kind == "everything"
    if kind == "noise":
        coverage[:] = np.random.default_rng(0).random(coverage.shape)
    mask = Mask(coverage, "photo.png")
    before = mask.coverage.tobytes()
    result = call(name, mask, run)
    assert isinstance(result, Mask)
    assert result.coverage.dtype == np.float32
    assert result.coverage.min() >= 0 and result.coverage.max() <= 1
    assert result.name == "photo.png"
    assert mask.coverage.tobytes() == before
    assert call(name, mask, run).coverage.tobytes() == result.coverage.tobytes()


@pytest.mark.parametrize("name", NODES)
def test_what_is_not_a_number_is_not_selected(run, name):
    coverage = np.full((20, 20), np.nan, np.float32)
    coverage[5:15, 5:15] = 3.0
    result = call(name, Mask(coverage), run).coverage
    assert np.isfinite(result).all()
    assert result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("name", NODES)
def test_one_pixel(run, name):
    assert call(name, Mask(np.ones((1, 1), np.float32)), run).coverage.size >= 1
