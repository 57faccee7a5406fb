"""What is under the pointer in three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.ui.viewport.painter import Painted
from meshloom.ui.viewport.things import Points, SolidMesh, Thing


@dataclass(frozen=True, eq=False)
class Pick:
    """A place on a thing. ``kind``: "face" or "point"; ``index``: which, in the value. ``told``: its attributes."""

    position: NDArray[np.float64]
    title: str
    kind: str
    index: int
    told: dict[str, str]


def pick(painted: Painted | None, things: Sequence[Thing], x: float, y: float) -> Pick | None:
    """The thing at ``x``, ``y`` (0..1 across the picture), within a few pixels; ``None`` for the backdrop."""
    if painted is None or not (0 <= x < 1 and 0 <= y < 1):
        return None
    height, width = painted.depth.shape
    row, column = int(y * height), int(x * width)
    reach = 3
    rows = np.arange(max(row - reach, 0), min(row + reach + 1, height))
    columns = np.arange(max(column - reach, 0), min(column + reach + 1, width))
    away = (rows[:, None] - row) ** 2 + (columns[None, :] - column) ** 2
    hit = painted.depth[np.ix_(rows, columns)] > 0
    if not hit.any():
        return None
    nearest = np.unravel_index(np.argmin(np.where(hit, away, 1 << 30)), away.shape)
    row, column = int(rows[nearest[0]]), int(columns[nearest[1]])
    ray = painted.view.rays(row, row + 1)[0, column].astype(np.float64)
    depth = float(painted.depth[row, column])
    position = ray[:3] + depth * ray[3:]
    face = int(painted.face[row, column])
    shown = [thing for thing in things if thing.visible]
    if face >= 0:
        found = _face(shown, face, position)
        if found is not None:
            return found
    return _point(shown, position, 3 * depth / painted.view.focal)


def _face(things: Sequence[Thing], face: int, position: NDArray[np.float64]) -> Pick | None:
    best: tuple[float, Pick] | None = None
    for thing in things:
        made = thing.made()
        if not isinstance(made, SolidMesh) or made.scene is None or face >= len(made.scene.faces):
            continue
        corners = made.scene.vertices[made.scene.faces[face]].astype(np.float64)
        off = _away(position, corners)
        told = {"vertices": ", ".join(map(str, made.scene.faces[face]))}
        if len(made.scene.colours) > 1:
            told["colour"] = str(tuple(int(c) for c in made.scene.colours[made.scene.faces[face][0]]))
        told["normal"] = _numbers(made.scene.face_normals[face])
        if best is None or off < best[0]:
            best = (off, Pick(position, thing.title, "face", int(made.index[face]), told))
    return best[1] if best is not None else None


def _away(position: NDArray[np.float64], corners: NDArray[np.float64]) -> float:
    """About how far a place is from a triangle (3, 3)."""
    edges = (corners[1:] - corners[0]).T
    second, third = np.linalg.lstsq(edges, position - corners[0], rcond=None)[0]
    weights = np.maximum([1 - second - third, second, third], 0)
    return float(np.linalg.norm(position - weights @ corners / weights.sum()))


def _point(things: Sequence[Thing], position: NDArray[np.float64], reach: float) -> Pick | None:
    best: tuple[float, Pick] | None = None
    for thing in things:
        made = thing.made()
        if isinstance(made, SolidMesh):
            made = made.points
        if not isinstance(made, Points) or not len(made.positions):
            continue
        off = np.linalg.norm(made.positions - position.astype(np.float32), axis=1)
        nearest = int(np.argmin(off))
        index, cloud, told = int(made.index[nearest]), made.cloud, {}
        if cloud.colours is not None:
            told["colour"] = str(tuple(int(c) for c in cloud.colours[index]))
        if cloud.confidence is not None:
            told["confidence"] = f"{float(cloud.confidence[index]):.3g}"
        if cloud.normals is not None:
            told["normal"] = _numbers(cloud.normals[index])
        found = Pick(made.positions[nearest].astype(np.float64), thing.title, "point", index, told)
        if off[nearest] <= max(reach, 4 * made.radius) and (best is None or off[nearest] < best[0]):
            best = (float(off[nearest]), found)
    return best[1] if best is not None else None


def _numbers(held: NDArray[np.float32]) -> str:
    return ", ".join(f"{float(each):.3f}" for each in held)
