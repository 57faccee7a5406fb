from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras
from meshloom.nodes.cameras.keyframes import keyframes

TWO = "0: from 0 0 -4, towards 0 0 0, 60\n1: from 4 0 0, towards 0 0 0  # from the side"


def test_it_passes_the_keyframes_and_looks_where_it_should():
    way = keyframes(frames=TWO, rate=10, width=80, height=60)
    assert len(way) == 11 and way.names[0] == "frame_00.png"
    np.testing.assert_allclose(way.centres()[[0, -1]], [[0, 0, -4], [4, 0, 0]], atol=1e-12)
    for index in range(11):
        pose = way.extrinsics[index]
        np.testing.assert_allclose(pose[:, :3] @ pose[:, :3].T, np.eye(3), atol=1e-12)
        assert pose[2, 3] > 0 and np.abs(pose[:2, 3]).max() < 1e-9  # the origin is in the middle
        assert pose[1, 1] > 0.99  # upright
    np.testing.assert_allclose(way.intrinsics[0, 1, 1], 30 / np.tan(np.radians(30)))
    np.testing.assert_allclose(way.intrinsics[-1], way.intrinsics[0])  # said once, kept


def test_pace_and_curve_follow_ease():
    text = "0: from 0 0 0, towards 0 0 9\n1: from 1 0 0, towards 1 0 9\n3: from 1 1 0, towards 1 1 9"
    found = {
        ease: keyframes(frames=text, rate=20, ease=ease).centres()
        for ease in ("smooth", "stop at each", "straight")
    }
    for way in found.values():
        np.testing.assert_allclose(way[[0, 20, 60]], [[0, 0, 0], [1, 0, 0], [1, 1, 0]], atol=1e-9)
    pace = {ease: np.linalg.norm(np.diff(way, axis=0), axis=1) for ease, way in found.items()}
    assert np.ptp(pace["straight"][:20]) < 1e-9
    assert pace["stop at each"][19] < 0.2 * pace["stop at each"][10]
    # Smooth: no jump of speed or direction at the middle keyframe.
    steps = np.diff(found["smooth"], axis=0)
    assert np.linalg.norm(steps[20] - steps[19]) < 0.25 * np.linalg.norm(steps[19])
    turned = np.diff(found["straight"], axis=0)
    assert np.linalg.norm(turned[20] - turned[19]) > 0.5 * np.linalg.norm(turned[19])


def test_a_keyframe_may_be_a_photo():
    turn = np.array([[0, 0, -1.0], [0, 1, 0], [1, 0, 0]])
    pose = np.column_stack([turn, -turn @ [1.0, 2.0, 3.0]])
    lens = np.array([[50, 0, 40], [0, 50, 30], [0, 0, 1.0]])
    photos = Cameras(lens[None], pose[None], np.array([[80, 60]], np.int32), ("a.jpg",))
    way = keyframes(
        photos, frames="0: photo a.jpg\n1: from 0 0 0, towards 0 0 1", rate=2, width=80, height=60
    )
    np.testing.assert_allclose(way.extrinsics[0], pose, atol=1e-12)
    np.testing.assert_allclose(way.intrinsics[0, 1, 1], 50)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "0 keyframes"),
        ("0: from 0 0 0, towards 0 0 1", "1 keyframes"),
        ("0: from 0 0, towards 0 0 1", "2 numbers"),
        ("from 0 0 0", "no time"),
        ("0: look there", "no keyframe"),
        ("0: photo x.jpg", "no camera is called"),
        ("0: from 0 0 0, towards 0 0 1, 500", "angle"),
        ("0: from 0 0 nan, towards 0 0 1", "finite"),
        ("0: from 0 0 0, towards 0 0 1\n0: from 0 0 1, towards 0 0 2", "no later"),
        ("0: from 0 0 0, towards 0 0 0\n1: from 0 0 1, towards 0 0 2", "stands on"),
        ("0: from 0 0 0, towards 0 0 1\n999: from 0 0 1, towards 0 0 2", "23,977 pictures"),
    ],
)
def test_what_is_no_keyframe_is_told(text, says):
    with pytest.raises(NodeError, match=says):
        keyframes(frames=text)
