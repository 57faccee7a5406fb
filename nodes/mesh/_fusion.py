"""Truncated signed distance fusion as work for a process of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.mesh._apart import Arrays, Say

#: Voxels along the edge of a block: Open3D stores space in such cubes.
BLOCK = 16
#: Bytes of one voxel: distance, weight and three colours, in single precision.
VOXEL_BYTES = 20


def blocks_near(points: NDArray[np.float64], voxel: float, truncation: float) -> int:
    """About how many blocks of voxels lie within ``truncation`` voxels of ``points`` (P, 3)."""
    edge = BLOCK * voxel
    reach = truncation * voxel
    near = set()
    offsets = np.array(np.meshgrid(*[(-reach, reach)] * 3)).reshape(3, -1).T
    cells = np.unique(np.floor(points / edge * 4).astype(np.int64), axis=0)
    centre = (cells + 0.5) * edge / 4
    for offset in offsets:
        near.update(
            map(tuple, np.unique(np.floor((centre + offset) / edge).astype(np.int64), axis=0).tolist())
        )
    return len(near)


def fuse(inputs: Arrays, say: Say) -> Arrays:
    """``depth_i`` (H, W) float32, perhaps ``colour_i`` (H, W, 3) uint8, ``intrinsics`` (N, 3, 3) and
    ``extrinsics`` (N, 3, 4) for voxels of edge 1, ``settings`` (truncation in voxels, least weight, blocks)
    -> ``vertices``, ``faces``, perhaps ``colours``.
    """
    import open3d as o3d

    core = o3d.core
    truncation, least, expected = (float(number) for number in inputs["settings"])
    count = len(inputs["intrinsics"])
    coloured = "colour_0" in inputs
    # Without colours Open3D 0.20 wants no third attribute.
    names, types, shapes = ("tsdf", "weight"), (core.float32, core.float32), ((1,), (1,))
    if coloured:
        names, types, shapes = (*names, "color"), (*types, core.float32), (*shapes, (3,))
    grid = o3d.t.geometry.VoxelBlockGrid(names, types, shapes, 1.0, BLOCK, max(int(expected), 64))
    for index in range(count):
        say(0.8 * index / count, f"fusing depth map {index + 1} of {count}")
        plane = inputs[f"depth_{index}"]
        if not plane.any():
            continue
        far = float(plane.max()) * 1.01
        matrix = inputs["intrinsics"][index].astype(np.float64)
        matrix[:2, 2] -= 0.5  # Open3D counts from the centre of the first pixel
        pose = np.vstack([inputs["extrinsics"][index], [0.0, 0.0, 0.0, 1.0]])
        camera, placed = core.Tensor(matrix), core.Tensor(pose)
        depth = o3d.t.geometry.Image(np.ascontiguousarray(plane))
        blocks = grid.compute_unique_block_coordinates(depth, camera, placed, 1.0, far, truncation)
        if coloured:
            colour = o3d.t.geometry.Image(inputs[f"colour_{index}"].astype(np.float32) / np.float32(255.0))
            grid.integrate(blocks, depth, colour, camera, camera, placed, 1.0, far, truncation)
        else:
            grid.integrate(blocks, depth, camera, placed, 1.0, far, truncation)
    say(0.8, "extracting the surface")
    try:
        mesh = grid.extract_triangle_mesh(weight_threshold=least)
    except RuntimeError as error:
        if "shape {0}" not in str(error):
            raise
        # What Open3D 0.20 says when there is no triangle at all.
        return {"vertices": np.zeros((0, 3), np.float32), "faces": np.zeros((0, 3), np.int32)}
    colours = None
    if coloured:
        colours = (np.clip(mesh.vertex.colors.numpy(), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    say(0.95, "putting faces in order")
    return in_order(mesh.vertex.positions.numpy(), mesh.triangle.indices.numpy().astype(np.int64), colours)


def in_order(
    vertices: NDArray[np.float32], faces: NDArray[np.int64], colours: NDArray[np.uint8] | None
) -> Arrays:
    """The same surface with vertices and faces sorted: Open3D's hash map has an order of its own."""
    order = np.lexsort((vertices[:, 2], vertices[:, 1], vertices[:, 0]))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    faces = rank[faces]
    turn = faces.argmin(axis=1)[:, None]
    faces = np.take_along_axis(faces, (turn + np.arange(3)) % 3, axis=1)
    faces = faces[np.lexsort((faces[:, 2], faces[:, 1], faces[:, 0]))]
    found = {"vertices": vertices[order], "faces": faces.astype(np.int32)}
    if colours is not None:
        found["colours"] = colours[order]
    return found
