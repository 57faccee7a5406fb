from __future__ import annotations

import pytest

from meshloom.nodes.splats.statistics import statistics

from ._scenes import balls


def test_figures_are_those_of_the_scene():
    splats = balls(50, 1)
    found = statistics(splats)
    told = dict(found.table.rows)
    assert told["splats"] == 50 and told["degree of spherical harmonics"] == 1
    assert told["highest x"] == pytest.approx(float(splats.means[:, 0].max()))
    assert 0.7 < told["opacity, 50% quantile"] < 0.95
    assert found.opacities.series[0].y.sum() == 50
