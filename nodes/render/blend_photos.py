"""New views out of photographs and their depth maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, DepthMap, Image, Mask


class Views(NamedTuple):
    """
    images: one a camera of the views
    known: where a photo shows what is there; the rest was filled from around
    depths: depth of the views
    """

    images: list[Image]
    known: list[Mask]
    depths: list[DepthMap]


@node(
    "Novel views from photos",
    aliases=("image-based rendering", "depth warp", "view synthesis", "interpolate", "ibr", "lumigraph"),
)
def blend_photos(
    images: Sequence[Image],
    cameras: Cameras,
    depths: Sequence[DepthMap],
    views: Cameras,
    neighbours: Annotated[int, Range(1, 12)] = 3,
    tolerance: Annotated[float, Slider(0.002, 0.2, step=0.002)] = 0.04,
    unknown: Literal["around", "far", "fill"] = "around",
    *,
    run: Run,
) -> Views:
    """See the scene from between the photos, by blending the nearest of them through their depth maps.

    Needs no model: the depth maps are drawn into each new view, and colours looked up through them. Photos from
    nearly the same direction count most; what a photo's depth map hides is not taken from it (Unstructured
    Lumigraph Rendering, Buehler et al., 2001). Sharp where depth is right, and quick; splats are steadier far from
    the photos. Holes are filled from around.

    images: undistorted photos, one a camera
    cameras: pinhole cameras of the photos
    depths: one a camera, from dense.plane_sweep or splats.render; any size
    views: where to look from, such as of cameras.path
    neighbours: photos that are blended
    tolerance: how far behind a depth map, as a share, a place may lie and still be seen in its photo
    unknown: what has no depth is taken to be as far as what is around it, or far away, or is filled with colours
      from around
    """
    from meshloom.kernels.warping.blending import FAR, Photo, blend, carried_on
    from meshloom.nodes.render._photos import by_name, pinholes

    if not len(views):
        raise NodeError("there are no views to draw", hint="connect the cameras of cameras.path")
    lenses, poses = pinholes(cameras)
    photos_of, depths_of = by_name(images, cameras, "photos"), by_name(depths, cameras, "depth maps")
    photos = []
    for index, (image, depth) in enumerate(zip(photos_of, depths_of, strict=True)):
        run.progress(0.1 * index / len(cameras), 1.0, "reading photos")
        size = cameras.sizes[index]
        plane = np.where(np.isfinite(depth.depth), depth.depth, 0).astype(np.float32)
        pixels = image.as_float()
        pixels = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[:, :, :3]
        photos.append(
            Photo(
                np.ascontiguousarray(pixels, np.float32),
                _scaled(lenses[index], size, (image.width, image.height)),
                np.ascontiguousarray(plane),
                carried_on(plane) if unknown == "around" else None,
                _scaled(lenses[index], size, plane.shape[::-1]),
                poses[index],
            )
        )
    furthest = max(
        (float(np.quantile(p.depth[p.depth > 0], 0.98)) for p in photos if (p.depth > 0).any()), default=0
    )
    if not furthest > 0:
        raise NodeError("the depth maps hold no depths", hint="check the depth maps")
    view_lenses, view_poses = pinholes(views)
    found: list[tuple[Image, Mask, DepthMap]] = []
    for index, name in enumerate(views.names):
        run.progress(0.1 + 0.9 * index / len(views), 1.0, f"drawing {name or f'view {index + 1}'}")
        width, height = views.sizes[index].tolist()
        novel = blend(
            photos,
            view_lenses[index],
            view_poses[index],
            (width, height),
            min(neighbours, len(photos)),
            tolerance,
            FAR * furthest if unknown == "far" else 0.0,
            max(1, run.threads),
        )
        pixels = (np.clip(novel.colour, 0, 1) * 255 + 0.5).astype(np.uint8)
        found.append(
            (
                Image(pixels, name, float(view_lenses[index][0])),
                Mask(novel.known.astype(np.float32), name),
                DepthMap(novel.depth, None, name),
            )
        )
    return Views(*(list(column) for column in zip(*found, strict=True)))


def _scaled(lens: np.ndarray, size: np.ndarray, wanted: tuple[int, int]) -> np.ndarray:
    """fx, fy, cx, cy for pictures of another size."""
    across, down = wanted[0] / float(size[0]), wanted[1] / float(size[1])
    return lens * np.array([across, down, across, down])
