"""Finding the motion that lays one shape onto another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Start = Literal["as placed", "centres", "any pose"]
#: Told the share of the work that is done, and what is being done.
Progress = Callable[[float, str], None]

#: Points used to choose among starts, and to finish.
COARSE, FINE = 1500, 40_000
COARSE_ROUNDS = 25
#: The finish ends when a round moves nothing by more than this fraction of the fixed shape's diagonal.
STILL = 1e-7
#: Fraction of the fixed shape's diagonal that counts as fitting.
WITHIN = 0.01


@dataclass(frozen=True)
class Shape:
    """What is laid on or under: positions (P, 3) float64, and perhaps unit normals (P, 3)."""

    positions: Floats
    normals: Floats | None

    def few(self, count: int) -> Shape:
        """About ``count`` of the points, evenly taken."""
        step = max(1, len(self.positions) // count)
        return Shape(self.positions[::step], None if self.normals is None else self.normals[::step])


@dataclass(frozen=True)
class Fit:
    """``matrix``: (4, 4) from moving to fixed. ``error``: root mean square distance of the pairs used.
    ``reached``: share of the moving points closer to the fixed shape than ``within``."""

    matrix: Floats
    error: float
    reached: float
    within: float
    rounds: int


def register(
    moving: Shape, fixed: Shape, start: Start, scaling: bool, overlap: float, rounds: int, progress: Progress
) -> Fit:
    """Iterative closest points, trimmed, in both directions.

    Each round pairs every point with the closest of the other shape, drops the worst 1 - ``overlap`` of the
    pairs (Chetverikov et al., The trimmed iterative closest point algorithm, 2002) and moves by what brings
    the rest together: point to point while starts are compared, point to plane at the end where the fixed
    shape has normals (Chen and Medioni, 1992). Pairs from both sides keep a free scale from shrinking the
    shape away.
    """
    from scipy.spatial import cKDTree

    for name, shape in (("moving", moving), ("fixed", fixed)):
        if len(shape.positions) < 3 or not np.isfinite(shape.positions).all():
            raise ValueError(f"the {name} shape has fewer than 3 points, or some that are not finite")
    low, high = fixed.positions.min(axis=0), fixed.positions.max(axis=0)
    centre, size = (low + high) / 2, float(np.linalg.norm(high - low))
    if not size > 0 or not np.ptp(moving.positions, axis=0).any():
        raise ValueError("a shape without extent cannot be aligned")
    # The fixed shape at unit size about the origin; the moving one in the same frame.
    target = Shape((fixed.positions - centre) / size, fixed.normals)
    frame = np.eye(4)
    frame[:3, :3] /= size
    frame[:3, 3] = -centre / size
    source = Shape((moving.positions - centre) / size, None)
    sketch, sketched = source.few(COARSE).positions, target.few(COARSE).positions
    tree = cKDTree(sketched)
    best, least = np.eye(4), np.inf
    starts = list(_starts(sketch, sketched, start, scaling))
    for index, guess in enumerate(starts):
        progress(0.5 * index / len(starts), "comparing starts" if len(starts) > 1 else "approaching")
        matrix = guess
        for _ in range(COARSE_ROUNDS):
            here, there, _ = _pairs(_apply(matrix, sketch), sketched, tree, overlap)
            matrix = _closest(here, there, scaling) @ matrix
        *_, error = _pairs(_apply(matrix, sketch), sketched, tree, overlap)
        if error < least:
            best, least = matrix, error
    matrix, used = _finish(
        source.few(FINE).positions, target.few(FINE), best, scaling, overlap, rounds, progress
    )
    error, reached = _quality(_apply(matrix, source.few(FINE).positions), target, overlap, WITHIN)
    return Fit(np.linalg.inv(frame) @ matrix @ frame, error * size, reached, WITHIN * size, used)


def _finish(
    source: Floats,
    target: Shape,
    matrix: Floats,
    scaling: bool,
    overlap: float,
    rounds: int,
    progress: Progress,
) -> tuple[Floats, int]:
    from scipy.spatial import cKDTree

    tree = cKDTree(target.positions)
    for index in range(rounds):
        progress(0.5 + 0.5 * index / rounds, "aligning")
        here, there, facing, _ = _facing_pairs(_apply(matrix, source), target, tree, overlap)
        step = _closest(here, there, scaling) if facing is None else _onto(here, there, facing, scaling)
        matrix = step @ matrix
        if np.abs(step - np.eye(4)).max() < STILL:
            return matrix, index + 1
    return matrix, rounds


def _quality(moved: Floats, target: Shape, overlap: float, within: float) -> tuple[float, float]:
    """Root mean square distance of the closest share ``overlap``, and the share that is closer than ``within``."""
    from scipy.spatial import cKDTree

    distance, place = cKDTree(target.positions).query(moved)
    order = np.argsort(distance, kind="stable")[: max(3, int(np.ceil(overlap * len(moved))))]
    off = distance[order]
    if target.normals is not None:
        # To the surface, rather than to the nearest of the points that stand for it.
        off = np.einsum(
            "ij,ij->i", target.normals[place[order]], moved[order] - target.positions[place[order]]
        )
    return float(np.sqrt(np.mean(off**2))), float((distance <= within).mean())


def _apply(matrix: Floats, positions: Floats) -> Floats:
    return positions @ matrix[:3, :3].T + matrix[:3, 3]


def _facing_pairs(moved: Floats, target: Shape, tree: Any, overlap: float) -> Any:
    """Closest pairs both ways, the best of each: moving points, fixed points, fixed normals, error."""
    from scipy.spatial import cKDTree

    onto, place = tree.query(moved)
    back, whose = cKDTree(moved).query(target.positions)
    one = np.argsort(onto, kind="stable")[: max(3, int(np.ceil(overlap * len(onto))))]
    two = np.argsort(back, kind="stable")[: max(3, int(np.ceil(overlap * len(back))))]
    here = np.concatenate([moved[one], moved[whose[two]]])
    there = np.concatenate([target.positions[place[one]], target.positions[two]])
    facing = None
    if target.normals is not None:
        facing = np.concatenate([target.normals[place[one]], target.normals[two]])
    error = float(np.sqrt((np.mean(onto[one] ** 2) + np.mean(back[two] ** 2)) / 2))
    return here, there, facing, error


def _pairs(moved: Floats, fixed: Floats, tree: Any, overlap: float) -> tuple[Floats, Floats, float]:
    here, there, _, error = _facing_pairs(moved, Shape(fixed, None), tree, overlap)
    return here, there, error


def _closest(here: Floats, there: Floats, scaling: bool) -> Floats:
    """(4, 4): the similarity that brings ``here`` closest to ``there`` (Umeyama, 1991)."""
    middle, aim = here.mean(axis=0), there.mean(axis=0)
    p, q = here - middle, there - aim
    u, s, vt = np.linalg.svd(q.T @ p)
    mirror = np.array([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    spread = float((p**2).sum())
    scale = float((s * mirror).sum()) / spread if scaling and spread > 0 else 1.0
    step = np.eye(4)
    step[:3, :3] = scale * (u * mirror) @ vt
    step[:3, 3] = aim - step[:3, :3] @ middle
    return step


def _onto(here: Floats, there: Floats, facing: Floats, scaling: bool) -> Floats:
    """(4, 4): the small motion that brings ``here`` onto the planes through ``there``."""
    from scipy.spatial.transform import Rotation

    rows = [np.cross(here, facing), facing]
    if scaling:
        rows.append(np.einsum("ij,ij->i", facing, here)[:, None])
    design = np.hstack(rows)
    wanted = np.einsum("ij,ij->i", facing, there - here)
    normal = design.T @ design
    # Slightly damped: a ball can turn, a plane can slide, without any change.
    normal += 1e-9 * np.trace(normal) * np.eye(len(normal))
    answer = np.linalg.solve(normal, design.T @ wanted)
    step = np.eye(4)
    factor = float(np.exp(np.clip(answer[6], -0.5, 0.5))) if scaling else 1.0
    step[:3, :3] = factor * Rotation.from_rotvec(answer[:3]).as_matrix()
    step[:3, 3] = answer[3:6]
    return step


def _starts(source: Floats, target: Floats, start: Start, scaling: bool) -> Iterator[Floats]:
    """Guesses (4, 4) to begin from."""
    if start == "as placed":
        yield np.eye(4)
        return
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    spread = np.sqrt(((source - middle) ** 2).sum(axis=1).mean())
    scale = float(np.sqrt(((target - aim) ** 2).sum(axis=1).mean()) / spread) if scaling else 1.0
    turns = [np.eye(3)]
    if start == "any pose":
        mine = np.linalg.svd(source - middle, full_matrices=False)[2]
        other = np.linalg.svd(target - aim, full_matrices=False)[2]
        for order in permutations(range(3)):
            for signs in product((1.0, -1.0), repeat=3):
                turn = other.T @ (np.eye(3)[list(order)] * signs) @ mine
                if np.linalg.det(turn) > 0:
                    turns.append(turn)
    for turn in turns:
        guess = np.eye(4)
        guess[:3, :3] = scale * turn
        guess[:3, 3] = aim - guess[:3, :3] @ middle
        yield guess


def figures(fit: Fit) -> dict[str, float]:
    """What an alignment found, by name."""
    from scipy.spatial.transform import Rotation

    scale = float(np.cbrt(np.linalg.det(fit.matrix[:3, :3])))
    turn = Rotation.from_matrix(fit.matrix[:3, :3] / scale).as_euler("xyz", degrees=True)
    return {
        "root mean square distance": fit.error,
        "share within 1 % of the diagonal": fit.reached,
        "scale": scale,
        **{f"turn {axis}": float(angle) for axis, angle in zip("xyz", turn, strict=True)},
        **{f"move {axis}": float(shift) for axis, shift in zip("xyz", fit.matrix[:3, 3], strict=True)},
        "rounds": fit.rounds,
    }
