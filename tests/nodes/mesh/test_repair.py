"""What repair removes, joins and turns."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.repair import repair


def test_a_soup_of_turned_faces_becomes_the_solid_again(run) -> None:
    ring = primitive("torus", (2.0, 0.6, 2.0), 24)
    faces = ring.faces.copy()
    some = np.random.default_rng(0).random(len(faces)) < 0.4
    faces[some] = faces[some][:, ::-1]
    soup = Mesh(ring.vertices[faces.ravel()], np.arange(faces.size, dtype=np.int32).reshape(-1, 3))
    mended = dict(measure(repair(soup, run=run), run=run).rows)
    whole = dict(measure(ring, run=run).rows)
    assert mended["watertight"] and mended["vertices"] == whole["vertices"]
    assert mended["volume"] == pytest.approx(whole["volume"])
    assert repair(ring, run=run).faces.tolist() == ring.faces.tolist()


def test_broken_empty_and_doubled_faces_go(run) -> None:
    vertices = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [np.inf, 0, 0], [2, 0, 0], [9, 9, 9]])
    faces = np.int32([[0, 1, 2], [1, 2, 0], [0, 1, 3], [0, 1, 4], [1, 1, 2]])
    mesh = repair(Mesh(vertices, faces, colours=np.arange(18, dtype=np.uint8).reshape(6, 3)), run=run)
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert len(mesh.faces) == 1 and mesh.colours is not None and mesh.colours[2].tolist() == [6, 7, 8]
    assert run.warnings == ["4 of 5 faces were broken, empty or doubled and were removed"]


def test_welding_by_distance_closes_cracks_but_keeps_seams(run) -> None:
    cube = primitive("cube")
    soup = cube.vertices[cube.faces.ravel()]
    shaken = soup + np.random.default_rng(1).uniform(-1e-4, 1e-4, soup.shape).astype(np.float32)
    faces = np.arange(36, dtype=np.int32).reshape(-1, 3)
    assert not dict(measure(repair(Mesh(shaken, faces), run=run), run=run).rows)["watertight"]
    assert dict(measure(repair(Mesh(shaken, faces), weld=0.001, run=run), run=run).rows)["watertight"]
    seamed = repair(Mesh(soup, faces, uv=np.random.default_rng(2).random((36, 2), np.float32)), run=run)
    assert len(seamed.vertices) == 36


def test_fins_are_cut_but_touching_solids_stay(run) -> None:
    cube = primitive("cube")
    corner = cube.faces[0]
    fin = np.float32([[0.5, 1.5, 0.5]])
    finned = Mesh(
        np.concatenate([cube.vertices, fin]),
        np.concatenate([cube.faces, [[corner[0], corner[1], 8]]]).astype(np.int32),
    )
    large_fin_goes_or_stays = repair(finned, run=run)
    assert dict(measure(large_fin_goes_or_stays, run=run).rows)["edges of more than two faces"] == 0
    assert (
        dict(measure(repair(finned, cut_fins=False, run=run), run=run).rows)["edges of more than two faces"]
        == 1
    )
    beside = cube.vertices + np.float32([1, 1, 0])
    pair = Mesh(
        np.concatenate([cube.vertices, beside]), np.concatenate([cube.faces, cube.faces + 8]).astype(np.int32)
    )
    assert len(repair(pair, run=run).faces) == 24


def test_nothing_left_is_an_error(run) -> None:
    none = np.zeros((0, 3), np.int32)
    with pytest.raises(NodeError, match="no faces"):
        repair(Mesh(np.zeros((3, 3), np.float32), none), run=run)
    with pytest.raises(NodeError, match="finite"):
        repair(Mesh(np.full((3, 3), np.nan, np.float32), np.int32([[0, 1, 2]])), run=run)
    with pytest.raises(NodeError, match="area"):
        repair(Mesh(np.ones((3, 3), np.float32), np.int32([[0, 1, 2]])), run=run)
