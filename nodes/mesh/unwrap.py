"""UV unwrapping."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import Mesh

#: Faces handed to xatlas at once: below 0.2 s each, and seams stay rare.
PIECE = 600
#: Charts are packed on a grid of this many texels; padding is rounded up to one of them.
GRID = 1024
#: Above this the unwrapping takes minutes and the seams crowd the texture.
MANY_FACES = 200_000


@node("Unwrap", aliases=("uv", "parametrize", "atlas", "texture coordinates"))
def unwrap(
    mesh: Mesh,
    padding: Annotated[float, Slider(0.001, 0.02, step=0.001)] = 0.002,
    reluctance: Annotated[float, Slider(1.0, 16.0, step=0.5)] = 4.0,
    smoothing: Annotated[int, Slider(0, 50)] = 10,
    *,
    run: Run,
) -> Mesh:
    """Lay the surface out flat in a texture, without overlaps (xatlas).

    The layout does not depend on the texture's size: choose that when baking. Vertices on a seam are doubled
    and keep their colours and normals. The result's ``uv`` lie in 0..1 with (0, 0) at the top left. Any former
    texture is dropped, as it would no longer fit.

    The surface is cut into compact pieces of some hundred faces, each flattened by xatlas (least-squares
    conformal maps, Levy et al. 2002) and all packed together at one scale: time grows linearly with the faces.

    padding: gap between charts, as a fraction of the texture's width (0.002 is 4 texels of 2048)
    reluctance: how much a chart may bend before it is cut; higher means fewer seams and more stretch
    smoothing: rounds of smoothing of the copy that the layout is computed from; keeps a noisy surface from
      falling into confetti; the mesh itself is not moved
    """
    from meshloom.nodes.mesh._charts import pieces, smoothed

    faces = mesh.faces.astype(np.int64)
    if not len(faces):
        raise NodeError("the mesh has no faces; a surface is needed", hint="reconstruct or load a mesh first")
    if not np.isfinite(mesh.vertices[np.unique(faces)]).all():
        raise NodeError("the mesh has vertices that are not finite numbers", hint="clean it with mesh.repair")
    area = _areas(mesh.vertices.astype(np.float64), faces)
    if not area.sum() > 0:
        raise NodeError(
            "all faces of the mesh have zero area", hint="check the mesh, or clean it with mesh.repair"
        )
    if len(faces) > MANY_FACES:
        run.warn(
            f"unwrapping {len(faces)} faces takes minutes; simplify to {MANY_FACES} or fewer with mesh.decimate"
        )
    run.progress(0.0, 1.0, "cutting into pieces")
    shape = smoothed(mesh.vertices, faces, smoothing) if smoothing else mesh.vertices
    shape = np.where(np.isfinite(shape), shape, 0).astype(np.float32)
    parts = pieces(shape, faces, PIECE)
    source: list[NDArray[np.int64]] = []
    corners: list[NDArray[np.int64]] = []
    flat: list[NDArray[np.float64]] = []
    start, done = 0, 0
    for part in parts:
        run.progress(0.05 + 0.85 * done / len(faces), 1.0, "flattening")
        vertices, local = np.unique(faces[part], return_inverse=True)
        origin, index, uv = _flatten(shape[vertices], local.reshape(-1, 3), reluctance)
        source.append(vertices[origin])
        corners.append(index + start)
        flat.append(uv)
        start += len(origin)
        done += len(part)
    run.progress(0.9, 1.0, "packing")
    order, index = np.concatenate(parts), np.concatenate(corners)
    origin, index, uv = _pack(_laid_out(np.concatenate(flat), index, area[order]), index, padding)
    new_faces = np.empty((len(faces), 3), np.int32)
    new_faces[order] = index
    origin = np.concatenate(source)[origin]
    run.progress(1.0, 1.0)
    return Mesh(
        mesh.vertices[origin],
        new_faces,
        uv,
        None if mesh.normals is None else mesh.normals[origin],
        None if mesh.colours is None else mesh.colours[origin],
    )


def _areas(points: NDArray[np.float64], faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Area of each face for points in the plane (V, 2) or in space (V, 3)."""
    first, second = points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]
    if points.shape[1] == 2:
        return 0.5 * np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    return 0.5 * np.linalg.norm(np.cross(first, second), axis=1)


def _flatten(
    vertices: NDArray[np.float32], faces: NDArray[np.int64], reluctance: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(origin of each new vertex, faces in their order, uv in arbitrary units) of one piece."""
    import xatlas

    # Faces of about unit area: xatlas drops those below a fixed one.
    local = vertices.astype(np.float64) - vertices.mean(axis=0)
    total = max(float(_areas(local, faces).sum()), 1e-30)
    local *= np.sqrt(len(faces) / total)
    atlas = xatlas.Atlas()
    atlas.add_mesh(local.astype(np.float32), faces.astype(np.uint32))
    charts, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charts.max_cost = reluctance
    packing.bilinear = False
    packing.rotate_charts = False
    # Only to lay the charts side by side: fine enough that rounding to texels does not stretch them.
    packing.texels_per_unit = 256.0 / float(np.sqrt(len(faces)))
    atlas.generate(charts, packing)
    origin, index, uv = atlas[0]
    scale = np.array([max(atlas.width, 1), max(atlas.height, 1)], np.float64)
    return origin.astype(np.int64), index.astype(np.int64), uv.astype(np.float64) * scale


def _laid_out(
    uv: NDArray[np.float64], faces: NDArray[np.int64], area: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each chart scaled so that its flat area is its area in space, and put in a cell of its own.

    (xatlas takes corners at one place for one vertex, and would join charts that touch.)
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = len(uv)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_matrix((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(count, count))
    charts, chart = connected_components(graph, directed=False)
    flat = np.bincount(chart[faces[:, 0]], _areas(uv, faces), charts)
    real = np.bincount(chart[faces[:, 0]], area, charts)
    scale = np.where(flat > 1e-12, np.sqrt(real / np.maximum(flat, 1e-30)), 0.0)
    low = np.full((charts, 2), np.inf)
    np.minimum.at(low, chart, uv)
    uv = (uv - low[chart]) * scale[chart][:, None]
    cell = 1.01 * float(uv.max()) + 1e-30
    columns = int(np.ceil(np.sqrt(charts)))
    place = np.stack([np.arange(charts) % columns, np.arange(charts) // columns], axis=1)
    return uv + cell * place[chart]


def _pack(
    uv: NDArray[np.float64], faces: NDArray[np.int64], padding: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """All charts in the unit square at one scale: (origin of each vertex, faces, uv)."""
    import xatlas

    atlas = xatlas.Atlas()
    # Faces of about unit area here too.
    uv = uv * np.sqrt(len(faces) / max(float(_areas(uv, faces).sum()), 1e-30))
    atlas.add_uv_mesh(uv.astype(np.float32), faces.astype(np.uint32))
    packing = xatlas.PackOptions()
    packing.resolution = GRID
    packing.padding = max(1, int(np.ceil(padding * GRID)))
    packing.bilinear = True
    packing.rotate_charts_to_axis = True
    atlas.generate(xatlas.ChartOptions(), packing)
    origin, index, packed = atlas[0]
    # xatlas divides by width and height apart; one divisor keeps texels square.
    size = np.array([atlas.width, atlas.height], np.float64)
    packed = packed.astype(np.float64) * size / size.max()
    return origin.astype(np.int64), index.astype(np.int64), np.clip(packed, 0, 1).astype(np.float32)
