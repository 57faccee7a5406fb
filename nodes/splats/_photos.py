"""Photos, cameras and masks to what is trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Image, Mask
from meshloom.kernels.splatting.training import View, shrunk
from meshloom.nodes.splats._gaussians import cameras_of, planes


def paired(images: Sequence[Image], cameras: Cameras) -> list[Image]:
    """The photo of each camera: by name, else by order where there are as many. Raises ``NodeError``."""
    if not images:
        raise NodeError("there are no photos; expected one a camera", hint="connect the undistorted photos")
    by_name = {image.name: image for image in images if image.name}
    if len(by_name) == len(images) and set(cameras.names) <= set(by_name):
        return [by_name[name] for name in cameras.names]
    if len(images) == len(cameras):
        return list(images)
    raise NodeError(
        f"{len(images)} photos and {len(cameras)} cameras do not belong together by name or number",
        hint="connect images and cameras of the same reconstruct.undistort",
    )


def views_of(
    images: Sequence[Image],
    cameras: Cameras,
    masks: Sequence[Mask] | None,
    max_side: int,
    outside: str,
    doing: str,
) -> list[View]:
    """One view a camera, no longer than ``max_side``. ``outside`` of masks (and of alpha): "ignore" or "empty".

    ``doing``: what the cameras are for, where there are none.
    """
    pinholes = cameras_of(cameras, doing)
    photos = paired(images, cameras)
    covers = _covers(photos, cameras, masks)
    views = []
    for photo, camera, cover in zip(photos, pinholes, covers, strict=True):
        pixels = planes(photo.as_float())
        if not np.isfinite(pixels).all():
            raise NodeError(
                f"{photo.name or 'a photo'} holds pixels that are no finite numbers", hint="load it again"
            )
        colours = np.clip(np.repeat(pixels, 3, axis=0) if len(pixels) == 1 else pixels[:3], 0, 1)
        scale = min(1.0, max_side / max(photo.width, photo.height))
        size = (max(16, round(photo.width * scale)), max(16, round(photo.height * scale)))
        colours = shrunk(np.ascontiguousarray(colours), *size)
        camera = camera.resized(*size)
        if cover is None:
            views.append(View(colours, camera))
            continue
        small = shrunk(cover, *size)
        if outside == "empty":
            views.append(View(colours * small, camera, alpha=small))
        else:
            views.append(View(colours, camera, counts=small))
    return views


def _covers(
    photos: list[Image], cameras: Cameras, masks: Sequence[Mask] | None
) -> list[NDArray[np.float32] | None]:
    """What counts of each photo, (H, W) in 0..1: its mask, else its alpha, else ``None``."""
    covers: list[NDArray[np.float32] | None] = []
    if masks and len(masks) != len(photos):
        raise NodeError(
            f"{len(masks)} masks and {len(photos)} photos do not belong together",
            hint="give one mask a photo",
        )
    for index, photo in enumerate(photos):
        cover = None
        if masks:
            cover = np.asarray(masks[index].coverage, np.float32)
            if cover.shape != (photo.height, photo.width):
                raise NodeError(
                    f"the mask of {photo.name or cameras.names[index]} is {cover.shape[1]} x {cover.shape[0]};"
                    f" its photo {photo.width} x {photo.height}",
                    hint="put mask.resize before this node",
                )
        elif photo.pixels.shape[2] == 4:
            alpha = photo.as_float()[:, :, 3]
            cover = np.ascontiguousarray(alpha) if (alpha < 1).any() else None
        if cover is not None:
            cover = np.clip(np.nan_to_num(cover), 0, 1)
        covers.append(cover)
    if covers and all(cover is not None and cover.max() < 0.5 for cover in covers):
        raise NodeError("the masks leave nothing of any photo", hint="invert them, or leave masks out")
    return covers


def counted(view: View) -> bool:
    """Whether enough of a photo counts, a hundredth, for figures to mean something."""
    return view.counts is None or float(view.counts.mean()) >= 0.01


def held_out(count: int, every: int) -> list[int]:
    """Which photos are kept for measuring: the middle one of every ``every``; none for 0, or of fewer than 4."""
    if every < 2 or count < 4:
        return []
    return [index for index in range(count) if index % every == every // 2]
