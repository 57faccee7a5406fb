"""A small studio: whatever is given stands on a floor, lit, framed and photographed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run
from meshloom.graph_runtime.types import Cameras, Mesh, PointCloud
from meshloom.kernels.raycast import framing
from meshloom.kernels.raycast.view import View
from meshloom.nodes.render._scene import scene_of, views_of

#: Samples along each side of a pixel.
SAMPLES = 2
#: Points drawn at most; beyond, every n-th.
MANY_POINTS = 3_000_000


class Stage:
    """Built once for a set of things, then photographed from anywhere.

    ``mesh``, ``points``, ``cameras``: any of them, at least one. ``shading``: studio, unlit or auto (soft light on
    painted surfaces, studio light on bare ones). ``floor``: draw the shadow on the floor.
    """

    def __init__(
        self,
        mesh: Mesh | None,
        points: PointCloud | None,
        cameras: Cameras | None,
        run: Run,
        shading: str = "auto",
        floor: bool = True,
    ) -> None:
        from meshloom.kernels.raycast import light
        from meshloom.kernels.raycast.ground import ground_under
        from meshloom.kernels.raycast.overlay import frusta, frustum_length

        self.views = [] if cameras is None else views_of(cameras)
        self.cloud, self.cloud_colours = _cloud(points)
        if mesh is None and not len(self.cloud) and not self.views:
            raise NodeError(
                "there is nothing to draw", hint="connect a mesh, points or cameras with something in them"
            )
        self.scene = None if mesh is None else scene_of(mesh, run.threads)
        solid = self.cloud
        if self.scene is not None:
            solid = self.scene.vertices[np.unique(self.scene.faces)]
        self.solid = _within_robust_bounds(solid) if len(solid) else np.zeros((0, 3))
        centres = np.array([view.centre for view in self.views]).reshape(-1, 3)
        subject = self.solid if len(self.solid) else centres
        self.low, self.high = subject.min(axis=0), subject.max(axis=0)
        self.middle = (self.low + self.high) / 2
        self.size = max(float(np.linalg.norm(self.high - self.low)), 1e-9)
        self.lines = (
            frusta(self.views, frustum_length(centres, self.solid)) if self.views else np.zeros((0, 9, 2, 3))
        )
        self.extent = np.concatenate([self.solid, self.lines.reshape(-1, 3)])
        if float(np.ptp(self.extent, axis=0).max()) <= 0:  # one point
            self.extent = np.concatenate([self.extent - 0.5, self.extent + 0.5])
        self.point_radius = framing.spacing(self.cloud, self.size)

        self.free, self.ground, self.look = None, None, light.UNLIT
        if self.scene is not None and shading != "unlit":
            self.look = light.CLAY if shading == "studio" or not self.scene.painted else light.SOFT
            self.free = light.openness(
                self.scene,
                self.scene.vertices,
                self.scene.normals,
                0.25 * self.size,
                40,
                lambda done: run.progress(0.1 * done, 1.0, "ambient light"),
            )
        if self.scene is not None and floor:
            self.ground = ground_under(
                self.scene, self.low, self.high, lambda done: run.progress(0.1 + 0.05 * done, 1.0, "floor")
            )

    def front(self) -> NDArray[np.float64]:
        """Horizontal unit vector from the subject to where most cameras stand, else towards -z."""
        towards = np.array([view.centre - self.middle for view in self.views]).reshape(-1, 3)
        towards[:, 1] = 0
        length = np.linalg.norm(towards, axis=1, keepdims=True)
        towards = (towards / np.maximum(length, 1e-12)).sum(axis=0) if len(towards) else np.zeros(3)
        if np.linalg.norm(towards) < 0.2 * max(len(self.views), 1):  # a ring has no front: the first photo's
            if not self.views:
                return np.array([0.0, 0.0, -1.0])
            towards = self.views[0].centre - self.middle
            towards[1] = 0
            if np.linalg.norm(towards) < 1e-9:
                return np.array([0.0, 0.0, -1.0])
        return towards / np.linalg.norm(towards)

    def picture(
        self, view: View, background: tuple[float, float, float], between: Callable[[float], None]
    ) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 sRGB."""
        from meshloom.kernels.raycast.overlay import camera_colours, draw_lines, draw_points
        from meshloom.kernels.raycast.render import Frame, render, shrunk

        width, height = view.size
        fine = view.resized(width * SAMPLES, height * SAMPLES)
        if self.scene is not None:
            frame = render(self.scene, fine, self.look, free=self.free, between=between)
        else:
            frame = Frame.empty(height * SAMPLES, width * SAMPLES)
        between(1.0)
        if len(self.cloud):
            most = 0.006 * max(fine.size)
            draw_points(frame, fine, self.cloud, self.cloud_colours, self.point_radius, 0.5 * SAMPLES, most)
        if len(self.lines):
            thickness = SAMPLES * max(1.0, min(width, height) / 500)
            paint = np.repeat(camera_colours(len(self.views)), self.lines.shape[1], axis=0)
            draw_lines(frame, fine, self.lines.reshape(-1, 2, 3), paint, thickness)
        frame = shrunk(frame, SAMPLES)
        behind = backdrop(width, height, background)
        if self.ground is not None:
            behind = behind * (1.0 - 0.75 * self.ground.seen(view)[..., None])
        alpha = frame.alpha[..., None]
        return quantised(frame.colour * alpha + behind * (1 - alpha))


def backdrop(width: int, height: int, colour: tuple[float, float, float]) -> NDArray[np.float32]:
    """(H, W, 3) float32: ``colour``, lightest above the middle, a little darker towards the corners."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    square = ((x + 0.5) / width - 0.5) ** 2 + (((y + 0.5) / height - 0.42) * 0.9) ** 2
    return np.array(colour, np.float32) * (1.03 - 0.25 * square[..., None])


def quantised(colour: NDArray[np.float32]) -> NDArray[np.uint8]:
    """sRGB 0..1 to uint8 through a fixed dither (Jimenez 2014), so that smooth gradients show no bands."""
    y, x = np.mgrid[0 : colour.shape[0], 0 : colour.shape[1]]
    noise = (52.9829189 * ((0.06711056 * x + 0.00583715 * y) % 1.0)) % 1.0
    return (np.clip(colour, 0, 1) * 255 + noise[..., None]).clip(0, 255).astype(np.uint8)


def _within_robust_bounds(points: NDArray[np.float32]) -> NDArray[np.float64]:
    low, high = framing.robust_bounds(points)
    inside = points[((points >= low - 1e-6) & (points <= high + 1e-6)).all(axis=1)]
    if len(inside) > 40_000:
        inside = inside[:: len(inside) // 20_000]
    return inside.astype(np.float64) if len(inside) else np.stack([low, high])


def _cloud(points: PointCloud | None) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Finite positions and their colours (or one grey)."""
    grey = np.full((1, 3), 150, np.uint8)
    if points is None or not len(points):
        return np.zeros((0, 3), np.float32), grey
    good = np.isfinite(points.positions).all(axis=1)
    step = max(1, len(good) // MANY_POINTS)
    positions = points.positions[good][::step]
    return positions, grey if points.colours is None else points.colours[good][::step]
