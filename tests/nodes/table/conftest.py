"""A table of measurements to try the nodes on."""

from __future__ import annotations

import math

import pytest

from meshloom.graph_runtime.types import Table


@pytest.fixture
def table() -> Table:
    return Table(
        ("name", "psnr", "group"),
        (
            ("img10", 30.0, "a"),
            ("img2", 25, "b"),
            ("Img1", None, "a"),
            ("img3", math.nan, "b"),
            ("other", 40.0, None),
        ),
    )
