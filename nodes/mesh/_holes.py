"""Holes in a mesh and patches for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.mesh._topology import Edges

#: Loops of more points are halved along a short chord before they are triangulated.
LONGEST = 400


def hole_loops(faces: NDArray[np.int64], table: Edges) -> list[list[int]]:
    """The closed loops of edges of one face, each running so that a patch along it faces as its
    surroundings do.

    ``faces``: (F, 3) welded; ``table``: its edges. A loop passes no vertex twice: where holes touch in a
    vertex they are taken apart.
    """
    corner = np.argwhere(table.uses[table.of_face] == 1)
    start = faces[corner[:, 0], corner[:, 1]]
    end = faces[corner[:, 0], (corner[:, 1] + 1) % 3]
    # The patch runs against the faces it borders on.
    onward: dict[int, list[int]] = {}
    for here, there in zip(end.tolist(), start.tolist(), strict=True):
        onward.setdefault(here, []).append(there)
    loops = []
    for origin in sorted(onward):
        while onward[origin]:
            path, place = [origin], {origin: 0}
            while onward.get(path[-1]):
                step = onward[path[-1]].pop()
                if step in place:
                    loop = path[place[step] :]
                    loops.append(loop)
                    for vertex in loop[1:]:
                        del place[vertex]
                    path = path[: place[step] + 1]
                else:
                    place[step] = len(path)
                    path.append(step)
    return [loop for loop in loops if len(loop) >= 3]


def patch(
    loop: list[int], positions: NDArray[np.float64], joined: set[tuple[int, int]]
) -> list[tuple[int, int, int]]:
    """Triangles over ``loop`` (vertex numbers), of least area or nearly so; empty where there is no clean
    one.

    ``positions``: (V, 3). ``joined``: pairs (low, high) of vertices that share an edge of the mesh; no
    triangle makes a second one.
    """
    from meshloom.nodes.mesh._hole_kernel import least_area

    count = len(loop)
    at = np.array(loop)
    if count > LONGEST:
        cut = _short_chord(at, positions, joined)
        if cut is None:
            return []
        first, last = cut
        halves = [loop[first : last + 1], loop[last:] + loop[: first + 1]]
        parts = [patch(half, positions, joined) for half in halves]
        return parts[0] + parts[1] if all(parts) else []
    banned = np.zeros((count, count), bool)
    for first in range(count):
        for last in range(first + 2, count):
            pair = (loop[first], loop[last]) if loop[first] < loop[last] else (loop[last], loop[first])
            banned[first, last] = pair in joined
    points = positions[at] - positions[at].mean(axis=0)
    return [tuple(row) for row in at[least_area(points, banned)].tolist()]


def _short_chord(
    at: NDArray[np.int64], positions: NDArray[np.float64], joined: set[tuple[int, int]]
) -> tuple[int, int] | None:
    """Two places of the loop, at least a quarter of it apart, that are close in space and not joined."""
    count = len(at)
    starts = np.unique(np.linspace(0, count - 1, min(count, 512)).astype(int))
    best: tuple[float, int, int] | None = None
    for first in starts.tolist():
        last = np.arange(first + count // 4, min(first + count - count // 4, count))
        if not len(last):
            continue
        length = np.linalg.norm(positions[at[last]] - positions[at[first]], axis=1)
        for choice in np.argsort(length, kind="stable")[:4].tolist():
            low, high = sorted((int(at[first]), int(at[last[choice]])))
            if (low, high) not in joined and (best is None or length[choice] < best[0]):
                best = float(length[choice]), first, int(last[choice])
    return None if best is None else best[1:]
