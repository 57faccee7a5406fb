"""An object on a table in a room, photographed from around."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Cameras, PointCloud
from meshloom.kernels.geometry.placing import euler
from meshloom.nodes.cloud.subject import subject
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.sample_points import sample_points
from meshloom.nodes.mesh.transform import transform


def looking_at(centres: np.ndarray, aim: np.ndarray) -> Cameras:
    poses = []
    for centre in centres:
        forward = (aim - centre) / np.linalg.norm(aim - centre)
        right = np.cross([0.0, 1.0, 0.1], forward)
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        poses.append(np.hstack([rotation, (-rotation @ centre)[:, None]]))
    count = len(centres)
    return Cameras(
        np.tile(np.eye(3), (count, 1, 1)),
        np.array(poses),
        np.ones((count, 2), np.int32),
        tuple(map(str, range(count))),
    )


def scene(run, turn: tuple[float, float, float] = (0, 0, 0), scale: float = 1.0, arc: float = 360.0):
    """A capsule 1 high on a bumpy table at y = 0, in a room; cameras 2 away. The first 4000 points are it."""
    random = np.random.default_rng(0)
    body = sample_points(
        transform(primitive("capsule", (0.5, 1.0, 0.5)), (0, -0.5, 0)), 4000, run=run
    ).positions
    table = np.column_stack(
        [random.uniform(-1.5, 1.5, 8000), random.normal(0, 0.004, 8000), random.uniform(-1.5, 1.5, 8000)]
    )
    room = random.uniform(-6, 6, (3000, 3))
    specks = random.uniform(-0.6, 0.6, (30, 3)) - [0, 0.7, 0]
    points = np.concatenate([body, table, room, specks])
    angle = np.radians(np.linspace(0, arc, 14, endpoint=False))
    eyes = np.stack([2 * np.cos(angle), -0.9 - 0.4 * np.sin(3 * angle), 2 * np.sin(angle)], axis=1)
    rotation = scale * euler(turn)
    aim = np.array([0, -0.45, 0]) @ rotation.T
    moved = (points @ rotation.T).astype(np.float32)
    seen = np.stack([np.arange(len(moved)), np.zeros(len(moved))], axis=1).astype(np.int32)
    return PointCloud(moved, observations=seen), looking_at(eyes @ rotation.T, aim)


@pytest.mark.parametrize(("turn", "scale"), [((0, 0, 0), 1.0), ((120, 30, -70), 1000.0)])
def test_the_object_stays_and_all_else_goes(run, turn, scale: float) -> None:
    points, cameras = scene(run, turn, scale)
    kept = subject(points, cameras, run=run)
    assert kept.observations is not None
    upright = kept.positions / scale @ euler(turn)
    assert upright[:, 1].max() < 0.0 and upright[:, 1].min() == pytest.approx(-1.0, abs=0.01)
    assert np.abs(upright[:, [0, 2]]).max() < 0.3
    # All but what lies within 3 % of the height above the table.
    assert len(kept) > 0.94 * 4000
    with_table = subject(points, cameras, remove_ground=False, run=run)
    assert len(with_table) > len(kept) + 500


def test_photos_of_a_facade_keep_everything(run) -> None:
    points, cameras = scene(run, arc=60.0)
    assert subject(points, cameras, run=run) is points
    assert "do not go around" in run.warnings[0]


def test_too_little_to_go_by(run) -> None:
    points, cameras = scene(run)
    with pytest.raises(NodeError, match="2 cameras"):
        subject(points, cameras.select([0, 1]), run=run)
    with pytest.raises(NodeError, match="no points where"):
        subject(PointCloud(points.positions + np.float32(100)), cameras, run=run)
    lone = PointCloud(np.float32([[0, -0.4, 0]]))
    assert len(subject(lone, cameras, run=run)) == 1
