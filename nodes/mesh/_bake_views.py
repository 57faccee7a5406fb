"""The photographs as the baker needs them: pixels, soft copies, what is visible, what is to be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.scene import Scene
from meshloom.kernels.raycast.view import View

#: Depth is cast at no more than this many pixels a photo.
DEPTH_PIXELS = 1_500_000
#: The soft copies are this many times smaller than the photo.
SOFT = 4
#: Pixels around the usable ones that are given their colour: what interpolation reads.
RIM = 5.0
#: A step in depth of more than this many pixel widths is an edge.
STEP = 6.0


@dataclass
class Views:
    """All photos, one after another in flat buffers, so that compiled loops can walk them.

    ``layout``: (N, 9) int64: start, width, height of the photo; of its soft copies; of its depth map.
    ``photos`` (., 3), ``middle`` (., 3) and ``low`` (., 3): uint8; the soft copies are 1/SOFT in size, averages
    over a few and over some 30 pixels of the object. ``depth`` (.,) float32, 0 = nothing. ``trust`` (.,) uint8, 255
    far from silhouettes, depth edges and the photo's border, 0 where there is no usable pixel.
    ``cameras``: (N, 18) float32, for points relative to ``origin``: see ``_bake_kernel.weight_of``.
    """

    layout: NDArray[np.int64]
    cameras: NDArray[np.float32]
    photos: NDArray[np.uint8]
    middle: NDArray[np.uint8]
    low: NDArray[np.uint8]
    depth: NDArray[np.float32]
    trust: NDArray[np.uint8]
    #: (N,) how many pixels of the mesh each photo shows.
    hits: NDArray[np.int64]


def prepare(
    scene: Scene,
    views: list[View],
    images: list[NDArray[np.uint8]],
    origin: NDArray[np.float64],
    texel_density: NDArray[np.float32],
    margin: float,
    between: Callable[[float], None],
) -> Views:
    """Look at the mesh from every photo. ``images``: (H, W, 3|4) uint8 of the views' sizes; alpha < 1/2 is unused.

    ``texel_density``: (F,) texels in one unit of area. ``margin``: width of the distrusted rim, as a fraction of
    the photo's width.
    """
    import cv2

    layout = np.zeros((len(views), 9), np.int64)
    cameras = np.zeros((len(views), 18), np.float32)
    photos, depths, trusts = [], [], []
    hits = np.zeros(len(views), np.int64)
    nearness = []
    for index, (view, image) in enumerate(zip(views, images, strict=True)):
        between(index / len(views))
        depth, face = depth_of(scene, view, lambda index=index: between(index / len(views)))
        hit = depth > 0
        hits[index] = hit.sum()
        scale = photo_scale(view, depth, face, texel_density)
        size = (max(1, round(view.size[0] * scale)), max(1, round(view.size[1] * scale)))
        usable = (
            cv2.resize(unusable(image).view(np.uint8), depth.shape[::-1], interpolation=cv2.INTER_NEAREST)
            == 0
        )
        trust = trust_of(depth, usable, STEP * view.size[0] / depth.shape[1] / view.focal, margin)
        colour = without_rim(np.ascontiguousarray(image[:, :, :3]), trust > 0, RIM / scale)
        if size != view.size:
            colour = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
        photos.append(colour)
        trusts.append(trust)
        depths.append(depth)
        resized = view.resized(*size)
        cameras[index] = packed(resized, origin)
        layout[index, 1:3] = size
        layout[index, 7:9] = depth.shape[::-1]
        if hit.any():
            nearness.append(resized.focal / float(np.median(depth[hit])))
    cameras[:, 16] = np.median(nearness) if nearness else 1.0
    soft = [soft_copies(photo, trust > 0) for photo, trust in zip(photos, trusts, strict=True)]
    layout[:, 4:6] = [copy[0].shape[1::-1] for copy in soft]
    for start, parts in ((0, photos), (3, [copy[0] for copy in soft]), (6, depths)):
        counts = [part.shape[0] * part.shape[1] for part in parts]
        layout[:, start] = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return Views(
        layout,
        cameras,
        np.concatenate([photo.reshape(-1, 3) for photo in photos]),
        np.concatenate([copy[0].reshape(-1, 3) for copy in soft]),
        np.concatenate([copy[1].reshape(-1, 3) for copy in soft]),
        np.concatenate([depth.reshape(-1) for depth in depths]),
        np.concatenate([trust.reshape(-1) for trust in trusts]),
        hits,
    )


def depth_of(
    scene: Scene, view: View, between: Callable[[], None]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """(H, W) depth and face through the pixels' centres, at DEPTH_PIXELS or less."""
    scale = min(1.0, float(np.sqrt(DEPTH_PIXELS / (view.size[0] * view.size[1]))))
    view = view.resized(max(1, round(view.size[0] * scale)), max(1, round(view.size[1] * scale)))
    width, height = view.size
    depth, face = np.empty((height, width), np.float32), np.empty((height, width), np.int32)
    rows = max(1, 100_000 // width)
    for first in range(0, height, rows):
        between()
        last = min(first + rows, height)
        found = scene.cast(view.rays(first, last))
        depth[first:last], face[first:last] = found.depth, found.face
    return depth, face


def photo_scale(
    view: View, depth: NDArray[np.float32], face: NDArray[np.int32], texel_density: NDArray[np.float32]
) -> float:
    """How much smaller the photo may be: its pixels need not be finer than the texels (and must not alias)."""
    seen = face >= 0
    if not seen.any():
        return 1.0
    footprint = depth[seen].astype(np.float64) / view.focal
    texels_per_pixel = np.sqrt(np.percentile(texel_density[face[seen]] * footprint**2, 75))
    return float(np.clip(texels_per_pixel, 0.05, 1.0)) if texels_per_pixel < 0.7 else 1.0


def unusable(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W): transparent pixels, and the pure black that undistortion leaves along the border."""
    import cv2

    empty = image[:, :, 3] < 128 if image.shape[2] == 4 else np.zeros(image.shape[:2], bool)
    black = ~image[:, :, :3].any(axis=2)
    rim = np.concatenate([black[0], black[-1], black[:, 0], black[:, -1]])
    if rim.any():
        _, part = cv2.connectedComponents(black.view(np.uint8), connectivity=4)
        edge = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
        empty = empty | np.isin(part, np.unique(edge[edge > 0]))
    return np.ascontiguousarray(empty)


def trust_of(
    depth: NDArray[np.float32], usable: NDArray[np.bool_], step: float, margin: float
) -> NDArray[np.uint8]:
    """(H, W) uint8: 255 where a small error of pose or shape cannot bring in another surface's colour.

    ``step``: change of depth between neighbours, relative to the depth, that makes an edge.
    """
    import cv2

    hit = depth > 0
    clear = np.ones((depth.shape[0] + 2, depth.shape[1] + 2), np.uint8)
    clear[[0, -1]] = 0
    clear[:, [0, -1]] = 0
    inner = clear[1:-1, 1:-1]
    inner[~usable] = 0
    after, before, whole = slice(1, None), slice(None, -1), slice(None)
    pairs = (
        ((whole, after), (whole, before)),
        ((after, whole), (before, whole)),
        ((after, after), (before, before)),
        ((after, before), (before, after)),
    )
    for one, two in pairs:
        a, b = depth[one], depth[two]
        edge = (hit[one] != hit[two]) | (np.abs(a - b) > step * np.minimum(a, b))
        inner[one][edge] = 0
        inner[two][edge] = 0
    reach = max(margin * depth.shape[1], 1.0)
    distance = cv2.distanceTransform(clear, cv2.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.clip(distance / reach, 0.0, 1.0)
    ramp = ramp * ramp * (3.0 - 2.0 * ramp)
    # Pixels on the edge itself are mixtures; those beside it keep a little, as thin things have no others.
    return np.where(distance >= 1.0, np.maximum(ramp * 255.0, 1.0), 0.0).astype(np.uint8) * (hit & usable)


def without_rim(photo: NDArray[np.uint8], usable: NDArray[np.bool_], rim: float) -> NDArray[np.uint8]:
    """``photo`` with the pixels within ``rim`` of the ``usable`` ones replaced by the nearest of those.

    Interpolation near an outline then finds the object's own colour, not the background's.
    """
    import cv2

    if not usable.any():
        return photo
    height, width = photo.shape[:2]
    mask = cv2.resize(usable.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    distance, label = cv2.distanceTransformWithLabels(
        1 - mask, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    inside = mask > 0
    colours = np.zeros((int(label.max()) + 1, 3), np.uint8)
    colours[label[inside]] = photo[inside]
    near = ~inside & (distance < rim)
    photo = photo.copy()
    photo[near] = colours[label[near]]
    return photo


def packed(view: View, origin: NDArray[np.float64]) -> NDArray[np.float32]:
    """(18,) float32: the camera for points relative to ``origin``."""
    projection = view.projection()
    projection[:, 3] += projection[:, :3] @ origin
    out = np.zeros(18, np.float32)
    out[:12] = projection.ravel()
    out[12:15] = view.centre - origin
    out[15] = view.focal
    return out


def soft_copies(
    photo: NDArray[np.uint8], usable: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The ``middle`` and ``low`` copies: means over ``usable`` pixels only, so that no background seeps in."""
    import cv2

    height, width = photo.shape[:2]
    size = (max(1, -(-width // SOFT)), max(1, -(-height // SOFT)))
    mask = cv2.resize(usable.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    colour = cv2.resize(photo.astype(np.float32) * mask[..., None], size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    out = []
    for sigma in (0.7, 4.0):
        # A faint, far wider mean behind it gives every pixel some colour.
        weight = (
            cv2.GaussianBlur(mask, (0, 0), sigma) + 1e-3 * cv2.GaussianBlur(mask, (0, 0), 4 * sigma) + 1e-9
        )
        total = cv2.GaussianBlur(colour, (0, 0), sigma) + 1e-3 * cv2.GaussianBlur(colour, (0, 0), 4 * sigma)
        out.append(np.clip(total / weight[..., None] + 0.5, 0, 255).astype(np.uint8))
    return out[0], out[1]
