"""A surface through a cloud of points."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Mesh, PointCloud

#: Fewer points than this are no surface.
FEWEST = 16


@node("Mesh from points", aliases=("poisson", "surface reconstruction", "meshing"))
def from_points(
    points: PointCloud,
    depth: Annotated[int, Range(4, 12)] = 8,
    trim: Annotated[float, Slider(0.0, 6.0, step=0.1, unit="levels")] = 1.5,
    samples_per_cell: Annotated[float, Slider(1.0, 20.0, step=0.5)] = 1.5,
    point_weight: Annotated[float, Slider(0.0, 16.0, step=0.5)] = 4.0,
    *,
    run: Run,
) -> Mesh:
    """Reconstruct the surface that a cloud of points with normals was measured on.

    Screened Poisson reconstruction (Kazhdan and Hoppe, 2013) by Open3D: the implicit function whose gradient
    fits the normals, so noise averages out and small gaps close. Where there are no points it invents a
    smooth surface; ``trim`` cuts that away. Colours of the points go to the vertices. The work is serial
    and grows fourfold with each level of depth; it cannot tell how far it is, but it can be cancelled.

    points: with normals that point outwards
    depth: levels of the octree: the finest detail is the extent of the cloud divided by 2 to this power
    trim: cuts surface whose points are sparser than is typical for this cloud by more than this many octree
      levels, each a factor of 4 in points per area; smaller cuts more, 0 cuts nothing
    samples_per_cell: the fewest points that an octree cell holds: 1 to 5 for clean points, up to 20 for
      noisy ones
    point_weight: how closely the surface follows the points rather than the normals
    """
    from meshloom.nodes.mesh._apart import run_apart
    from meshloom.nodes.mesh._parts import keep_faces
    from meshloom.nodes.mesh._poisson import reconstruct

    if points.normals is None:
        raise NodeError(
            "the points have no normals, which tell inside from outside", hint="put cloud.normals before"
        )
    length = np.linalg.norm(points.normals, axis=1)
    usable = np.isfinite(points.positions).all(axis=1) & np.isfinite(length) & (length > 1e-6)
    if usable.sum() < FEWEST:
        raise NodeError(
            f"{int(usable.sum())} of {len(points)} points have a position and a normal; "
            f"{FEWEST} or more make a surface",
            hint="check the source of the points; cloud.normals computes normals",
        )
    if not usable.all():
        run.warn(f"{int((~usable).sum())} points without a finite position and normal were left out")
    positions = points.positions[usable].astype(np.float64)
    low, high = positions.min(axis=0), positions.max(axis=0)
    size = float((high - low).max())
    if size == 0:
        raise NodeError("all points are at one place", hint="check the source of the points")
    # At unit size, because the octree counts in single precision.
    centre = (low + high) / 2
    inputs = {
        "positions": (positions - centre) / size,
        "normals": points.normals[usable] / length[usable, None].astype(np.float64),
        "settings": np.array([depth, samples_per_cell, point_weight]),
    }
    if points.colours is not None:
        inputs["colours"] = points.colours[usable] / 255.0
    found = run_apart(reconstruct, inputs, run, "Poisson surface")
    limit = float(np.finfo(np.float32).max)
    vertices = np.clip(found["vertices"] * size + centre, -limit, limit).astype(np.float32)
    mesh = Mesh(vertices, found["faces"], colours=found.get("colours"))
    if not len(mesh.faces):
        raise NodeError(
            "no surface came of these points", hint="check that the normals point outwards (cloud.normals)"
        )
    if trim > 0:
        density = found["density"]
        dense = density >= np.median(density) - trim
        mesh = keep_faces(mesh, dense[mesh.faces].all(axis=1))
    run.progress(1.0, 1.0, "done")
    return mesh
