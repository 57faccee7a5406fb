"""Screened Poisson reconstruction as work for a process of its own."""

from __future__ import annotations

import numpy as np

from meshloom.nodes.mesh._apart import Arrays, Say


def reconstruct(inputs: Arrays, say: Say) -> Arrays:
    """``positions``, ``normals`` (P, 3) float64, perhaps ``colours`` (P, 3) in 0..1, and ``settings`` (depth,
    points per octree cell, weight of the points) -> ``vertices``, ``faces``, ``density`` (V,), perhaps
    ``colours`` (V, 3) uint8. Expects positions of about unit size.
    """
    import open3d as o3d

    say(0.05, "Poisson surface")
    depth, samples_per_node, point_weight = inputs["settings"]
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(inputs["positions"]))
    cloud.normals = o3d.utility.Vector3dVector(inputs["normals"])
    if "colours" in inputs:
        cloud.colors = o3d.utility.Vector3dVector(inputs["colours"])
    # One thread: with more, vertices differ in their last bits from call to call, and with more threads than
    # cores Open3D 0.20 ends in a segmentation fault.
    mesh, density = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(
        cloud,
        depth=int(depth),
        n_threads=1,
        full_depth=min(5, int(depth)),
        samples_per_node=float(samples_per_node),
        point_weight=float(point_weight),
    )
    found = {
        "vertices": np.asarray(mesh.vertices),
        "faces": np.asarray(mesh.triangles, dtype=np.int32),
        "density": np.asarray(density),
    }
    if "colours" in inputs:
        found["colours"] = (np.clip(np.asarray(mesh.vertex_colors), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return found
