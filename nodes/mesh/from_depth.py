"""A surface from depth maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, DepthMap, Image, Mesh

#: Voxels along the diagonal of what the depth maps show, where no size is given.
CELLS = 400
#: Voxel memory that is refused.
MOST_BYTES = 3 << 30


@node("Mesh from depth maps", aliases=("tsdf", "fusion", "kinect fusion", "volumetric"))
def from_depth(
    depths: Sequence[DepthMap],
    cameras: Cameras,
    images: Sequence[Image] | None = None,
    voxel: Annotated[float, Range(0.0, None, unit="scene units")] = 0.0,
    truncation: Annotated[float, Slider(1.5, 16.0, step=0.5, unit="voxels")] = 4.0,
    min_confidence: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.3,
    min_views: Annotated[int, Range(1, 64)] = 2,
    *,
    run: Run,
) -> Mesh:
    """Fuse depth maps of known cameras into one surface.

    Each depth map adds its signed distances to a grid of voxels near the surface, truncated, and their mean's
    zero level is the surface (Curless and Levoy, 1996), by Open3D. It follows the depth maps closely, leaves
    open what they do not show, and is quick; a cloud with mesh.from_points gives smoother, closed surfaces.

    depths: one for each camera, matched by name, or by order where names differ; sizes may differ from the
      cameras'
    images: the photos; their colours are averaged onto the vertices
    voxel: edge of a voxel; 0 picks the diagonal of the scene divided by 400
    truncation: how far behind and before the surface distances are kept; more bridges noise and gaps, but
      thin parts need less
    min_confidence: depths of lower confidence are left out (where the depth maps have confidence)
    min_views: a place counts as surface when so many depth maps saw it
    """
    from meshloom.nodes.mesh._apart import run_apart
    from meshloom.nodes.mesh._fusion import BLOCK, VOXEL_BYTES, blocks_near, fuse
    from meshloom.nodes.mesh._views import make_view, matched

    if not depths:
        raise NodeError("there are no depth maps", hint="connect the depth maps of dense stereo")
    names = [depth.name for depth in depths]
    at = matched(names, cameras.names, "cameras")
    photo = matched(names, [image.name for image in images], "photos") if images else None
    views = []
    for index, depth in enumerate(depths):
        run.progress(0.1 * index / len(depths), 1.0, "reading depth maps")
        image = images[photo[index]] if images and photo else None
        views.append(make_view(depth, cameras, at[index], image, min_confidence))
    # A coarse grid of pixels tells where the scene is.
    step = max(1, min(min(view.depth.shape) for view in views) // 128)
    shown = np.concatenate([view.points(step) for view in views])
    if len(shown) < 3:
        raise NodeError(
            "the depth maps hold no depths" + (f" of confidence {min_confidence}" if min_confidence else ""),
            hint="lower min_confidence, or check the depth maps",
        )
    low, high = np.quantile(shown, [0.005, 0.995], axis=0)
    extent = float(np.linalg.norm(high - low))
    if not extent > 0:
        raise NodeError("all depths are at one place", hint="check the depth maps and the cameras")
    edge = voxel or extent / CELLS
    centre = (low + high) / 2
    # Far too fine for counting blocks: a surface across the scene fills this many.
    blocks = int((extent / edge / BLOCK) ** 2)
    if blocks * BLOCK**3 * VOXEL_BYTES <= MOST_BYTES:
        blocks = blocks_near(shown - centre, edge, truncation)
    size = blocks * BLOCK**3 * VOXEL_BYTES
    if size > MOST_BYTES:
        raise NodeError(
            f"voxels of {edge:.3g} would fill about {size / 2**30:.1f} GiB of memory; "
            f"{MOST_BYTES >> 30} GiB is the limit",
            hint=f"the scene is {extent:.3g} across: set voxel to about {extent / CELLS:.2g}",
        )
    inputs = _in_voxels(views, centre, edge)
    inputs["settings"] = np.array([truncation, min_views - 0.5, 1.3 * blocks])
    found = run_apart(fuse, inputs, run, "fusing depth maps")
    if not len(found["faces"]):
        raise NodeError(
            f"no place was seen by {min_views} depth maps, so there is no surface",
            hint="lower min_views or min_confidence, or use larger voxels",
        )
    run.progress(1.0, 1.0, "done")
    vertices = (found["vertices"].astype(np.float64) * edge + centre).astype(np.float32)
    return Mesh(vertices, found["faces"], colours=found.get("colours"))


def _in_voxels(views, centre, edge):  # type: ignore[no-untyped-def]
    """The views in a world of one voxel a unit about ``centre``: Open3D counts in single precision."""
    inputs = {}
    for index, view in enumerate(views):
        inputs[f"depth_{index}"] = (view.depth / edge).astype(np.float32)
        if view.colour is not None:
            inputs[f"colour_{index}"] = view.colour
    inputs["intrinsics"] = np.stack([view.intrinsics for view in views])
    extrinsics = np.stack([view.extrinsics for view in views])
    extrinsics[:, :, 3] = (extrinsics[:, :, 3] + extrinsics[:, :, :3] @ centre) / edge
    inputs["extrinsics"] = extrinsics
    return inputs
