"""Masks to try the nodes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mask


def _boxed(*boxes: tuple[int, int, int, int], height: int = 40, width: int = 48) -> Mask:
    coverage = np.zeros((height, width), np.float32)
    for left, top, right, bottom in boxes:
        coverage[top:bottom, left:right] = 1
    return Mask(coverage, "photo.png")


@pytest.fixture
def boxed() -> Callable[..., Mask]:
    """``boxed((left, top, right, bottom), ..., height=40, width=48)``: those selected, nothing else."""
    return _boxed
