"""Small solids, and cameras that look at them."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import Cameras, Mesh
from meshloom.kernels.raycast.framing import UP
from meshloom.kernels.raycast.view import look_from
from meshloom.ui.viewport.model_view import ModelView


@pytest.fixture(scope="session", autouse=True)
def loaded() -> None:
    """The kernels and Embree, once; what they bring along is not looked through again after every test."""
    from meshloom.ui.viewport.draw import Style, draw, to_bytes
    from meshloom.ui.viewport.eye import Eye
    from meshloom.ui.viewport.things import SolidMesh

    to_bytes(draw([SolidMesh(box())], Eye().view((16, 12)), Style()), Style())
    gc.collect()
    gc.freeze()


#: Six colours, one a side of the box: -x, +x, -y, +y, -z, +z.
SIDES = np.array(
    [[200, 30, 30], [30, 200, 30], [30, 30, 200], [200, 200, 30], [200, 30, 200], [30, 200, 200]], np.uint8
)


def box(
    size: float = 1.0, centre: tuple[float, float, float] = (0, 0, 0), colours: NDArray[np.uint8] = SIDES
) -> Mesh:
    """An axis-aligned box of one colour a side, 24 vertices and 12 faces; face 2k, 2k+1: side k."""
    vertices, faces, paint = [], [], []
    for side in range(6):
        axis, sign = side // 2, -1 if side % 2 == 0 else 1
        u, v = [each for each in range(3) if each != axis]
        corners = np.zeros((4, 3))
        corners[:, axis] = sign
        corners[:, u] = [-1, 1, 1, -1]
        corners[:, v] = [-1, -1, 1, 1]
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        order = [0, 1, 2, 3] if normal[axis] * sign > 0 else [3, 2, 1, 0]
        first = len(vertices) * 4
        vertices.append(corners[order])
        faces += [[first, first + 1, first + 2], [first, first + 2, first + 3]]
        paint.append(np.repeat(colours[side : side + 1], 4, axis=0))
    points = np.concatenate(vertices) * size / 2 + np.array(centre)
    return Mesh(points.astype(np.float32), np.array(faces, np.int32), colours=np.concatenate(paint))


def ring(count: int = 4, size: tuple[int, int] = (320, 240), distance: float = 4.0) -> Cameras:
    """Cameras around the origin, a little above it, looking at it."""
    extrinsics, intrinsics = [], []
    for n in range(count):
        turn = 2 * np.pi * n / count + 0.3
        eye = np.array([distance * np.sin(turn), -1.2, -distance * np.cos(turn)])
        view = look_from(eye, np.array([0.1, 0.0, 0.0]), UP, 260.0 + 10 * n, size)
        extrinsics.append(np.hstack([view.rotation, view.shift[:, None]]))
        intrinsics.append(view.intrinsics)
    return Cameras(
        np.array(intrinsics),
        np.array(extrinsics),
        np.tile(np.array(size, np.int32), (count, 1)),
        tuple(f"photo{n}.jpg" for n in range(count)),
    )


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[ModelView]:
    """A view of the box, on the screen."""
    made = ModelView()
    qtbot.addWidget(made)
    made.resize(640, 460)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.show_value(box(), "box", "Primitive")
    qtbot.waitUntil(lambda: made.viewport.box is not None, timeout=10_000)
    yield made
    made.close_view()
    made.close()
