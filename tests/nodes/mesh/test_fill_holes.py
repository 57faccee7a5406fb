"""Holes are closed, the right ones, the right way round."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.crop import crop
from meshloom.nodes.mesh.fill_holes import fill_holes
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive


def figures(mesh: Mesh, run) -> dict[str, object]:
    return dict(measure(mesh, run=run).rows)


def test_a_cut_ball_is_capped_flat(run) -> None:
    ball = primitive("sphere", (2.0, 2.0, 2.0), 64)
    cut = crop(ball, centre=(0, -0.25, 0), size=(0, 1.5, 0), run=run)
    capped = figures(fill_holes(cut, 1.0, run=run), run)
    # A ball of radius 1 between heights -1 and 0.5.
    assert capped["watertight"] and capped["manifold"]
    assert capped["volume"] == pytest.approx(np.pi * 1.5**2 * (3 - 1.5) / 3, rel=0.01)


def test_only_holes_up_to_the_size_are_closed(run) -> None:
    ball = primitive("sphere", (2.0, 2.0, 2.0), 48)
    middle = ball.vertices[ball.faces].mean(axis=1)
    gone = np.zeros(len(ball.faces), bool)
    rim = {0.15: (0.0, 0.0, 1.0), 0.6: (1.0, 0.0, 0.0), 0.3: (0.0, 0.0, -1.0)}
    for radius, at in rim.items():
        gone |= np.linalg.norm(middle - np.float32(at), axis=1) < radius
    open_ = Mesh(ball.vertices, ball.faces[~gone])
    before = figures(open_, run)["boundary edges"]
    some = figures(fill_holes(open_, 0.2, run=run), run)["boundary edges"]
    assert 0 < some < before
    whole = figures(fill_holes(open_, 1.0, run=run), run)
    assert whole["watertight"] and whole["manifold"] and whole["genus"] == 0
    assert whole["volume"] == pytest.approx(4 / 3 * np.pi, rel=0.06)
    assert fill_holes(open_, 0.0, run=run) is open_


def test_holes_that_touch_in_a_vertex_and_seams(run) -> None:
    ball = primitive("sphere", (2.0, 2.0, 2.0), 24)
    soup = Mesh(ball.vertices[ball.faces.ravel()], np.arange(ball.faces.size, dtype=np.int32).reshape(-1, 3))
    hub = ball.faces[200, 0]
    around = np.flatnonzero((ball.faces == hub).any(axis=1))
    gone = around[[0, 3]] if len(around) > 4 else around[[0, 2]]
    keep = np.ones(len(ball.faces), bool)
    keep[gone] = False
    mended = fill_holes(Mesh(soup.vertices, soup.faces[keep]), 1.0, run=run)
    assert figures(mended, run)["watertight"]
    assert len(mended.faces) == len(ball.faces)


def test_a_rim_of_thousands_of_edges(run) -> None:
    ring = primitive("cylinder", (2.0, 1.0, 2.0), 1500)
    flat = np.abs(np.ptp(ring.vertices[ring.faces][:, :, 1], axis=1)) < 1e-6
    tube = Mesh(ring.vertices, ring.faces[~flat])
    closed = figures(fill_holes(tube, 1.0, run=run), run)
    assert closed["watertight"]
    assert closed["volume"] == pytest.approx(np.pi, rel=1e-3)


def test_a_lone_triangle_is_not_a_hole_by_default(run) -> None:
    lone = Mesh(np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.int32([[0, 1, 2]]))
    assert fill_holes(lone, run=run) is lone
