"""A mesh measured against a reference."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Figure, Mesh, Series, Table

#: Points asked for at once.
BATCH = 10_000


class Comparison(NamedTuple):
    """How two meshes differ.

    scores: F-score, accuracy, completeness, Chamfer distance and more, by name
    coloured: the mesh, each vertex coloured by its distance: blue none, yellow the threshold, red four and
      more
    histogram: how distances are distributed, both ways
    """

    scores: Table
    coloured: Mesh
    histogram: Figure


@node("Compare meshes", aliases=("f-score", "chamfer", "hausdorff", "accuracy", "completeness", "distance"))
def compare(
    mesh: Mesh,
    reference: Mesh,
    threshold: Annotated[float, Slider(0.0001, 0.1, step=0.0005, unit="of the diagonal")] = 0.01,
    samples: Annotated[int, Range(100, 5_000_000)] = 200_000,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> Comparison:
    """Measure how well a mesh matches a reference that lies at the same place.

    Points are scattered evenly over each surface and their exact distance to the other surface is taken.
    Accuracy is the share of the mesh within the threshold of the reference, completeness the share of the
    reference within the threshold of the mesh, the F-score their harmonic mean (Tanks and Temples, 2017). The
    Chamfer distance is the mean of both mean distances. Lay the meshes together first (mesh.align).

    mesh: the mesh to judge
    reference: what it should be
    threshold: as a fraction of the diagonal of the reference's bounding box
    samples: points on each surface
    seed: another seed gives other points
    """
    from meshloom.kernels.geometry.comparing import colours, histogram, scores
    from meshloom.nodes.mesh._checks import need_surface
    from meshloom.nodes.mesh._surface import diagonal, sample

    need_surface(mesh, "the mesh")
    need_surface(reference, "the reference")
    if not threshold > 0:
        raise NodeError(f"the threshold is {threshold}; a number above 0 is expected", hint="0.01 is usual")
    used = reference.vertices[reference.faces.ravel()]
    size = diagonal(used)
    middle = (used.min(axis=0).astype(np.float64) + used.max(axis=0)) / 2

    def distances(
        points: NDArray[np.floating], surface: Mesh, start: float, message: str
    ) -> NDArray[np.float64]:
        """Exact, about ``middle`` and at unit size, because Embree counts in single precision."""
        scene = _scene(surface, middle, size, run.threads)
        found = np.empty(len(points))
        for first in range(0, len(points), BATCH):
            run.progress(start + 0.33 * first / len(points), 1.0, message)
            part = ((points[first : first + BATCH] - middle) / size).astype(np.float32)
            found[first : first + BATCH] = scene.compute_distance(part).numpy()
        if not np.isfinite(found).all():
            raise NodeError(
                "the meshes are too far apart, or too different in size, to be compared",
                hint="lay them together first, with mesh.align and scaling",
            )
        return found * size

    run.progress(0.0, 1.0, "scattering points")
    there = distances(sample(mesh, samples, seed)[2], reference, 0.0, "distances to the reference")
    back = distances(sample(reference, samples, seed)[2], mesh, 0.33, "distances from the reference")
    finite = np.where(np.isfinite(mesh.vertices), mesh.vertices, 0).astype(np.float64)
    of_vertex = distances(finite, reference, 0.66, "distances of vertices")
    limit = threshold * size
    run.progress(1.0, 1.0, "done")
    painted = Mesh(mesh.vertices, mesh.faces, normals=mesh.normals, colours=colours(of_vertex, limit))
    table = Table(("measure", "value"), tuple(scores(there, back, limit, size).items()))
    series = tuple(
        Series(name, *histogram(distance, limit), "bars")
        for name, distance in (("to the reference", there), ("from the reference", back))
    )
    figure = Figure("Distance", "distance (scene units)", "share of the surface (%)", series)
    return Comparison(table, painted, figure)


def _scene(mesh: Mesh, middle: NDArray[np.float64], size: float, threads: int):  # type: ignore[no-untyped-def]
    import open3d as o3d

    scene = o3d.t.geometry.RaycastingScene(nthreads=threads)
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray((mesh.vertices - middle) / size, np.float32)),
        o3d.core.Tensor(np.ascontiguousarray(mesh.faces, np.uint32)),
    )
    return scene
