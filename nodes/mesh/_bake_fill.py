"""Colour for what no photograph shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.mesh._bake_texels import Texels, welded


def vertex_colours(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    texels: Texels,
    colour: NDArray[np.uint8],
    confidence: NDArray[np.uint8],
    check: Callable[[], None],
) -> NDArray[np.float32]:
    """(V, 3) float32 0..255: the mean of the well seen texels around each vertex, carried over the surface.

    Vertices without one solve Laplace's equation on the mesh (doubled vertices joined, so seams do not
    show); pieces of the mesh with nothing seen take the colour of the nearest seen vertex.
    """
    from scipy.sparse import coo_matrix, diags
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import cg
    from scipy.spatial import cKDTree

    count, number = welded(vertices)
    joined = number[faces]
    size = len(texels.face)
    step = max(1, size // 1024)
    rows, columns = np.nonzero(texels.inside[::step, ::step])
    rows, columns = rows * step, columns * step
    face = texels.face[rows, columns]
    weight = confidence[rows, columns].astype(np.float64) / 255.0
    seen = colour[rows, columns].astype(np.float64)
    around, total, sums = np.zeros(count), np.zeros(count), np.zeros((count, 3))
    for corner, share in enumerate(_corner_weights(texels, rows, columns, face, vertices, faces)):
        at, amount = joined[face, corner], weight * share
        around += np.bincount(at, share, count)
        total += np.bincount(at, amount, count)
        for channel in range(3):
            sums[:, channel] += np.bincount(at, amount * seen[:, channel], count)
    known = total > np.maximum(0.1 * around, 1e-3)
    if not known.any():
        known = total > 0
    out = np.zeros((count, 3))
    out[known] = sums[known] / total[known, None]
    check()
    missing = ~known
    if missing.any() and known.any():
        ends = np.concatenate([joined[:, [0, 1]], joined[:, [1, 2]], joined[:, [2, 0]]])
        links = coo_matrix(
            (np.ones(2 * len(ends)), np.concatenate([ends, ends[:, ::-1]]).T), (count, count)
        ).tocsr()
        links.data[:] = 1.0
        links.setdiag(0)
        _, part = connected_components(links, directed=False)
        reached = np.isin(part, np.unique(part[known]))
        solve = np.flatnonzero(missing & reached)
        if len(solve):
            degree = np.asarray(links.sum(axis=1)).ravel()
            matrix = diags(degree[solve]) - links[solve][:, solve]
            from_known = links[solve] @ np.where(known[:, None], out, 0.0)
            mean = out[known].mean(axis=0)
            jacobi = diags(1.0 / np.maximum(degree[solve], 1.0))
            for channel in range(3):
                out[solve, channel], _ = cg(
                    matrix,
                    from_known[:, channel],
                    x0=np.full(len(solve), mean[channel]),
                    M=jacobi,
                    rtol=1e-4,
                    maxiter=1500,
                    callback=lambda _: check(),
                )
        lost = np.flatnonzero(missing & ~reached)
        if len(lost):
            place = np.zeros((count, 3), np.float32)
            place[number] = vertices
            _, nearest = cKDTree(place[known]).query(place[lost])
            out[lost] = out[known][nearest]
    return np.clip(out, 0, 255).astype(np.float32)[number]


def _corner_weights(texels, rows, columns, face, vertices, faces):  # type: ignore[no-untyped-def]
    """Barycentric weights of texels in their faces: three arrays (T,)."""
    maps = texels.maps[face]
    du, dv = columns + 0.5 - maps[:, 0], rows + 0.5 - maps[:, 1]
    inner = maps[:, 5:8] * du[:, None] + maps[:, 8:11] * dv[:, None]
    corners = vertices[faces[face]]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    aa, bb, ab = (
        np.einsum("ij,ij->i", x, y).astype(np.float64) for x, y in ((one, one), (two, two), (one, two))
    )
    pa, pb = np.einsum("ij,ij->i", inner, one), np.einsum("ij,ij->i", inner, two)
    determinant = np.maximum(aa * bb - ab * ab, 1e-30)
    second = np.clip((pa * bb - pb * ab) / determinant, 0, 1)
    third = np.clip((pb * aa - pa * ab) / determinant, 0, 1)
    return np.clip(1.0 - second - third, 0, 1), second, third


def spread(colour: NDArray[np.uint8], known: NDArray[np.bool_]) -> None:
    """Fill the unknown texels of ``colour`` (S, S, 3) in place from the known around them (push-pull).

    Smooth everywhere, so that smaller versions of the texture take no dark rims at the seams.
    """
    from meshloom.nodes.mesh._bake_fill_kernel import pull, push

    levels = [push(colour, known)]
    while not levels[-1][1].all() and max(levels[-1][1].shape) > 1:
        levels.append(push(*levels[-1]))
    for (fine, has), (coarse, _) in zip(reversed(levels[:-1]), reversed(levels[1:]), strict=True):
        pull(fine, has, coarse)
    pull(colour, known, levels[0][0])
