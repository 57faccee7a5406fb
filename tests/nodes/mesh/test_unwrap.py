"""Unwrapping: nothing overlaps, nothing is lost, seams keep their attributes."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh._bake_raster_kernel import rasterise
from meshloom.nodes.mesh._charts import pieces
from meshloom.nodes.mesh.unwrap import unwrap


def ball(rings: int = 24, around: int = 48) -> Mesh:
    """A closed sphere of unit radius with colours and normals."""
    polar, azimuth = np.meshgrid(
        np.linspace(0, np.pi, rings + 1)[1:-1], np.arange(around) / around * 2 * np.pi, indexing="ij"
    )
    points = np.stack(
        [np.sin(polar) * np.cos(azimuth), -np.cos(polar), np.sin(polar) * np.sin(azimuth)], -1
    ).reshape(-1, 3)
    points = np.concatenate([points, [[0, -1, 0], [0, 1, 0]]]).astype(np.float32)
    row, column = np.meshgrid(np.arange(rings - 2), np.arange(around), indexing="ij")
    a, b = row * around + column, row * around + (column + 1) % around
    quads = np.stack([a, b, b + around, a, b + around, a + around], -1).reshape(-1, 3)
    first = np.arange(around)
    top = np.stack([np.full(around, len(points) - 2), (first + 1) % around, first], 1)
    last = (rings - 2) * around
    low = np.stack([np.full(around, len(points) - 1), last + first, last + (first + 1) % around], 1)
    faces = np.concatenate([quads, top, low]).astype(np.int32)
    colours = (points * 127 + 128).astype(np.uint8)
    return Mesh(points, faces, normals=points, colours=colours)


def flat_areas(mesh: Mesh) -> np.ndarray:
    corner = mesh.uv[mesh.faces].astype(np.float64)
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    return np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2


@pytest.fixture(scope="module")
def unwrapped() -> Mesh:
    class Quiet:
        def progress(self, *_: object) -> None: ...

        def warn(self, message: str) -> None:
            raise AssertionError(message)

    return unwrap(ball(), run=Quiet())


def test_the_surface_is_the_same_and_attributes_follow(unwrapped: Mesh):
    mesh = ball()
    assert np.array_equal(unwrapped.vertices[unwrapped.faces], mesh.vertices[mesh.faces])
    assert np.array_equal(unwrapped.colours[unwrapped.faces], mesh.colours[mesh.faces])
    assert np.array_equal(unwrapped.normals[unwrapped.faces], mesh.normals[mesh.faces])


def test_uv_lie_in_the_unit_square_without_overlap(unwrapped: Mesh):
    assert unwrapped.uv.min() >= 0 and unwrapped.uv.max() <= 1
    size = 512
    areas = flat_areas(unwrapped)
    covered = (rasterise(unwrapped.uv.astype(np.float64) * size, unwrapped.faces, size) >= 0).sum() / size**2
    # If any two faces overlapped, they would cover less than the sum of their areas.
    assert abs(covered - areas.sum()) < 0.004
    assert areas.sum() > 0.4


def test_texels_are_shared_out_by_area(unwrapped: Mesh):
    corner = unwrapped.vertices[unwrapped.faces].astype(np.float64)
    real = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1) / 2
    ratio = flat_areas(unwrapped) / real
    assert np.percentile(ratio, 95) / np.percentile(ratio, 5) < 2.0


def test_charts_keep_their_distance(unwrapped: Mesh):
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = unwrapped.faces[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), ends.T), (len(unwrapped.uv),) * 2)
    _, chart = connected_components(graph, directed=False)
    size = 512
    face = rasterise(unwrapped.uv.astype(np.float64) * size, unwrapped.faces, size)
    where = np.where(face >= 0, chart[unwrapped.faces[face, 0]], -1)
    for one, two in ((where[1:], where[:-1]), (where[:, 1:], where[:, :-1])):
        assert not ((one >= 0) & (two >= 0) & (one != two)).any()


def test_no_chart_is_stretched_across_the_texture(unwrapped: Mesh):
    corner = unwrapped.uv[unwrapped.faces]
    assert np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=2).max() < 0.1


def test_pieces_are_a_partition_into_small_connected_parts():
    mesh = ball(40, 80)
    parts = pieces(mesh.vertices, mesh.faces.astype(np.int64), 500)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(mesh.faces)))
    assert max(len(part) for part in parts) < 1500 and len(parts) >= len(mesh.faces) // 500


def test_scattered_triangles_and_slivers(run):
    points = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    points[30:60] = points[0:30]  # some faces are degenerate
    faces = np.arange(300, dtype=np.int32).reshape(-1, 3)
    faces[50] = 5, 5, 5
    made = unwrap(Mesh(points, faces), run=run)
    assert np.array_equal(made.vertices[made.faces], points[faces]) and np.isfinite(made.uv).all()


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_units_do_not_matter(run, scale: float):
    mesh = ball(8, 12)
    made = unwrap(Mesh(mesh.vertices * np.float32(scale), mesh.faces), run=run)
    assert flat_areas(made).sum() > 0.35


def test_same_input_same_layout(run):
    mesh = ball(8, 12)
    assert np.array_equal(unwrap(mesh, run=run).uv, unwrap(mesh, run=run).uv)


def test_what_cannot_be_unwrapped_is_explained(run):
    points = np.zeros((3, 3), np.float32)
    with pytest.raises(NodeError, match="no faces"):
        unwrap(Mesh(points, np.zeros((0, 3), np.int32)), run=run)
    with pytest.raises(NodeError, match="zero area"):
        unwrap(Mesh(points, np.array([[0, 1, 2]], np.int32)), run=run)
    with pytest.raises(NodeError, match="finite"):
        unwrap(Mesh(np.full((3, 3), np.nan, np.float32), np.array([[0, 1, 2]], np.int32)), run=run)


def test_it_can_be_cancelled_between_pieces(run, monkeypatch):
    calls = []

    def progress(done: float, total: float = 1.0, message: str = "") -> None:
        calls.append(done)
        if message == "flattening" and len(calls) > 4:
            raise Cancelled

    monkeypatch.setattr(run, "progress", progress)
    with pytest.raises(Cancelled):
        unwrap(ball(40, 80), run=run)
    assert len(calls) < 8
