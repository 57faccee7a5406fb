"""The 3D view at size: process CPU time a picture, in ms, at 800x600.

The floor is Open3D's cast of the same picture's rays alone, in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mesh, PointCloud
from meshloom.ui.viewport.draw import Style, bounds_of, draw, to_bytes
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.things import Points, SolidMesh

from .conftest import Figures

SIZE = (800, 600)
#: Triangles and points, and the most that a preview and a full picture may take.
SCENES = ((10_000, 15.0, float("inf")), (100_000, 15.0, 60.0), (1_000_000, 25.0, float("inf")))


def bumpy(triangles: int) -> Mesh:
    """A sphere with bumps and colours, in about that many triangles."""
    rows = round((triangles / 4) ** 0.5)
    columns = 2 * rows
    v, u = np.meshgrid(
        np.linspace(0.01, np.pi - 0.01, rows + 1), np.linspace(0, 2 * np.pi, columns + 1), indexing="ij"
    )
    radius = 1 + 0.1 * np.sin(9 * u) * np.sin(7 * v)
    points = np.stack([np.sin(v) * np.cos(u), -np.cos(v), np.sin(v) * np.sin(u)], axis=-1) * radius[..., None]
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1)
    right, below, across = first + 1, first + columns + 1, first + columns + 2
    faces = np.concatenate([np.stack([first, right, below], 1), np.stack([right, across, below], 1)])
    colours = ((points.reshape(-1, 3) + 1.2) / 2.4 * 255).astype(np.uint8)
    return Mesh(points.reshape(-1, 3).astype(np.float32), faces.astype(np.int32), colours=colours)


def shell(count: int) -> PointCloud:
    """Points on a larger sphere, half of it open to see what is inside."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True) / 1.5
    points[:, 2] = np.abs(points[:, 2])
    return PointCloud(points.astype(np.float32), rng.integers(0, 256, (count, 3), np.uint8))


def median(work: Callable[[int], object], runs: int = 9) -> float:
    """The median process CPU time, ms; the first call does not count."""
    work(0)
    times = []
    for index in range(runs):
        begun = time.process_time()
        work(index)
        times.append((time.process_time() - begun) * 1e3)
    return sorted(times)[runs // 2]


@pytest.mark.parametrize(("count", "preview", "full"), SCENES, ids=[f"{scene[0]:,}" for scene in SCENES])
def bench_viewport(count: int, preview: float, full: float, figures: Figures) -> None:
    mesh, cloud = SolidMesh(bumpy(count)), Points(shell(count))
    bounds = bounds_of([mesh, cloud])
    assert bounds is not None and mesh.scene is not None
    eye = Eye().fitted(*bounds, SIZE[0] / SIZE[1])
    views = [eye.turned(7.0 * index, 0.0).view(SIZE) for index in range(9)]
    coarse = [view.resized(SIZE[0] // 4, SIZE[1] // 4) for view in views]
    style = Style()
    scene = mesh.scene

    def cast(seen: list) -> Callable[[int], object]:
        return lambda index: scene.cast(seen[index].rays(0, seen[index].size[1]))

    def paint(seen: list, **said: object) -> Callable[[int], object]:
        return lambda index: to_bytes(draw([mesh, cloud], seen[index], style, **said), style)

    shown = to_bytes(draw([mesh, cloud], views[0], style), style)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 1000, "there is something to see"
    what = f"viewport: {len(mesh.mesh.faces):,} triangles + {count:,} points"
    figures.add(f"{what}: preview", median(paint(coarse, moving=True)), preview, median(cast(coarse)))
    figures.add(f"{what}: full", median(paint(views)), full, median(cast(views)))
    figures.add(f"{what}: four samples", median(paint(views, samples=2), 3))
