"""The turntable: all around, steady, in every format."""

from __future__ import annotations

import io

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.graph_runtime.types import Mesh, PointCloud
from meshloom.nodes.render.turntable import turntable


def post() -> Mesh:
    """A tall box whose four sides have colours of their own."""
    sides, points, faces, colours = ((0, -1), (1, 0), (0, 1), (-1, 0)), [], [], []
    paint = ((220, 30, 30), (30, 200, 30), (40, 40, 230), (220, 200, 30))
    for (x, z), colour in zip(sides, paint, strict=True):
        out, across = np.array([x, 0, z]), np.array([z, 0, -x])
        corners = [
            out + s * across + np.array([0, 2 * y, 0]) for s, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        order = [(0, 1, 2), (0, 2, 3)] if normal @ out > 0 else [(0, 2, 1), (0, 3, 2)]
        faces += [[len(points) + k for k in face] for face in order]
        points += corners
        colours += [colour] * 4
    return Mesh(np.array(points, np.float32), np.array(faces, np.int32), colours=np.array(colours, np.uint8))


def test_each_side_comes_round_at_one_size(run):
    turn = turntable(
        post(), frames=4, elevation=10, width=60, height=80, format="png", shading="unlit", run=run
    )
    assert [frame.name for frame in turn.frames] == [f"turn_{k}.png" for k in range(4)]
    seen = [tuple(frame.pixels[40, 30].tolist()) for frame in turn.frames]
    assert seen[0] == pytest.approx((220, 30, 30), abs=2) and len(set(seen)) == 4
    heights = []
    for frame in turn.frames:
        spread = np.ptp(frame.pixels.astype(int), axis=2)
        heights.append(np.ptp(np.nonzero(spread.max(axis=1) > 60)[0]))
    assert np.ptp(heights) <= 2 and heights[0] > 50


@pytest.mark.parametrize("format", ["gif", "mp4", "webm", "png"])
def test_the_file_plays_back(run, format: str, tmp_path):
    turn = turntable(post(), frames=5, width=64, height=48, format=format, rate=10, run=run)
    data = turn.file.data.tobytes()
    assert turn.file.name == f"turntable.{format}"
    from PIL import Image as Pillow

    if format == "png":
        assert Pillow.open(io.BytesIO(data)).size == (5 * 64, 48)
        return
    if format == "gif":
        gif = Pillow.open(io.BytesIO(data))
        assert gif.n_frames == 5 and gif.size == (64, 48) and gif.info["duration"] == 100
        gif.seek(2)
        back = np.asarray(gif.convert("RGB")).astype(int)
    else:
        import cv2

        path = tmp_path / turn.file.name
        path.write_bytes(data)
        video = cv2.VideoCapture(str(path))
        frames = []
        while (read := video.read())[0]:
            frames.append(read[1][..., ::-1].astype(int))
        assert len(frames) == 5
        back = frames[2]
    assert np.abs(back - turn.frames[2].pixels).mean() < 12


def test_points_alone_turn_too(run):
    points = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    turn = turntable(points=PointCloud(points), frames=2, width=40, height=30, run=run)
    assert all(frame.pixels.std() > 5 for frame in turn.frames)


def test_odd_sizes_can_be_videos(run):
    turn = turntable(post(), frames=2, width=33, height=25, format="mp4", run=run)
    assert len(turn.file.data) > 500 and turn.frames[0].pixels.shape == (25, 33, 3)


def test_nothing_to_turn_is_explained_and_it_can_be_cancelled(run, monkeypatch):
    with pytest.raises(NodeError, match="nothing to draw"):
        turntable(run=run)

    def progress(done: float, total: float = 1.0, message: str = "") -> None:
        if message == "rendering" and done > 0.4:
            raise Cancelled

    monkeypatch.setattr(run, "progress", progress)
    with pytest.raises(Cancelled):
        turntable(post(), frames=8, width=40, height=30, run=run)
