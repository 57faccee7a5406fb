from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._holes import filled
from meshloom.nodes.image._matte import guided_filter, object_colours, unmixed
from meshloom.nodes.image._pixels import Floats, as_float, check_same_size, has_alpha

Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]


class Cutout(NamedTuple):
    """
    image: the object with transparent surroundings, its edge freed of the background's colour
    mask: how much of each pixel is the object
    """

    image: Image
    mask: Mask


@node("Cut out", aliases=("grabcut", "remove background", "segment", "matte", "extract object", "foreground"))
def cutout(
    image: Image,
    mask: Mask | None = None,
    box: tuple[float, float, float, float] = (0.05, 0.05, 0.95, 0.95),
    unsure: Annotated[float, Slider(0, 50, unit="%")] = 5.0,
    iterations: Annotated[int, Range(1, 50)] = 5,
    working_size: Annotated[int, Range(64, 8192, unit="px")] = 800,
    edge: Annotated[float, Range(0, 200, unit="px")] = 4.0,
    pieces: Annotated[float, Slider(0, 100, unit="%")] = 5.0,
    seed: Annotated[int, Seed(0, 2**31 - 1)] = 0,
    *,
    run: Run,
) -> Cutout:
    """Separate an object from its background, given a box around it or a rough selection.

    GrabCut (Rother, Kolmogorov, Blake 2004; OpenCV) learns the colours of object and background in turn with
    the cheapest outline between them, on a reduced picture. A guided filter then finds the soft edge (hair,
    fur, blur) in full resolution, and the background's share is taken out of the edge colours.

    mask: a rough selection of the object; without it the box is used. In between (0.1 to 0.9) means: find out
    box: left, top, right and bottom as fractions of the picture; outside of it is background for sure
    unsure: how far from the outline of the mask the true one may lie, of the longer side
    iterations: rounds of learning and cutting; it ends when nothing changes
    working_size: longer side of the picture that is cut; larger finds finer parts and takes longer
    edge: half the width of the band in which the outline may be soft, in pixels of the picture; 0 = hard edge
    pieces: parts (and holes) smaller than this, compared with the largest part, are left out (or filled)
    seed: for the first guess of the colours
    """
    if image.height < 8 or image.width < 8:
        raise NodeError(
            f"a picture of {image.width} x {image.height} pixels is too small to cut", hint="enlarge it"
        )
    colours = as_float(image.rgb())
    colours, _ = filled(colours)
    small, size = _reduced(colours, working_size)
    if mask is not None:
        check_same_size(image, mask, "the picture", "the mask")
        guess = _guess_from_mask(mask, size, unsure)
    else:
        guess = _guess_from_box(box, size)
    selected = _grab(small, guess, iterations, seed, run)
    selected = _tidied(selected, pieces / 100)
    if not selected.any():
        raise NodeError(
            "nothing was found that differs from the background",
            hint="give a mask or a box that follows the object more closely",
        )
    coverage, colours = _refined(selected, colours, edge, run)
    if has_alpha(image):
        coverage = coverage * as_float(image.pixels[:, :, 3])
    made = np.concatenate([colours, coverage[:, :, None]], axis=2)
    soft = Image(made, image.name, image.focal_px)
    run.progress(1, 1, "cut out")
    if image.pixels.dtype == np.uint8:
        soft = Image(soft.as_uint8(), image.name, image.focal_px)
    return Cutout(soft, Mask(coverage, image.name))


def _reduced(colours: Floats, working_size: int) -> tuple[Bytes, tuple[int, int]]:
    """8-bit BGR at the working size, and that size as (width, height)."""
    import cv2

    height, width = colours.shape[:2]
    factor = min(1.0, working_size / max(height, width))
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    small = cv2.resize(np.ascontiguousarray(colours), size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray((np.clip(small[:, :, ::-1], 0, 1) * 255 + 0.5).astype(np.uint8)), size


def _guess_from_box(box: tuple[float, float, float, float], size: tuple[int, int]) -> Bytes:
    import cv2

    left, right = (round(edge * size[0]) for edge in (box[0], box[2]))
    top, bottom = (round(edge * size[1]) for edge in (box[1], box[3]))
    if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
        raise NodeError(
            f"the box {box} is not left, top, right, bottom within 0 to 1",
            hint="left must be less than right and top less than bottom",
        )
    guess = np.full(size[::-1], cv2.GC_BGD, np.uint8)
    guess[top:bottom, left:right] = cv2.GC_PR_FGD
    if (guess == cv2.GC_PR_FGD).all():
        raise NodeError(
            "the box takes in the whole picture, which leaves no background to learn from",
            hint="leave a margin around the object, or give a mask",
        )
    return guess


def _guess_from_mask(mask: Mask, size: tuple[int, int], unsure: float) -> Bytes:
    import cv2

    rough = cv2.resize(np.nan_to_num(mask.coverage), size, interpolation=cv2.INTER_AREA)
    inside = (rough >= 0.5).astype(np.uint8)
    if inside.all() or not inside.any():
        which = "everything" if inside.any() else "nothing"
        raise NodeError(
            f"the mask selects {which}", hint="select the object roughly, and leave the background out"
        )
    reach = unsure / 100 * max(size)
    framed = [cv2.copyMakeBorder(side, 1, 1, 1, 1, cv2.BORDER_REPLICATE) for side in (inside, 1 - inside)]
    depth, distance = (cv2.distanceTransform(side, cv2.DIST_L2, 5)[1:-1, 1:-1] for side in framed)
    guess = np.where(inside > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    guess[(depth > reach) & (rough > 0.9)] = cv2.GC_FGD
    guess[(distance > reach) & (rough < 0.1)] = cv2.GC_BGD
    return guess


def _grab(small: Bytes, guess: Bytes, iterations: int, seed: int, run: Run) -> Bools:
    """Rounds of GrabCut until nothing changes."""
    import cv2

    labels, background, front = guess.copy(), np.zeros((1, 65)), np.zeros((1, 65))
    mode = cv2.GC_INIT_WITH_MASK
    for done in range(iterations):
        run.progress(0.8 * done / iterations, 1, f"cutting, round {done + 1} of {iterations}")
        before = labels.copy()
        # OpenCV draws the first guess of its colour clusters from a generator of its own.
        cv2.setRNGSeed(seed)
        try:
            cv2.grabCut(small, labels, None, background, front, 1, mode)
        except cv2.error as error:
            raise NodeError(
                "object and background could not be told apart",
                hint="the selection leaves one of them (nearly) empty; choose another box or mask",
            ) from error
        mode = cv2.GC_EVAL
        if np.array_equal(before, labels):
            break
        if not ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).any():
            break
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


def _tidied(selected: Bools, share: float) -> Bools:
    """Without parts, and without holes, that are smaller than ``share`` of the largest part."""
    from scipy.ndimage import label

    limit = None
    for inside in (True, False):
        labels, count = label(selected == inside)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        sizes[0] = 0
        limit = share * sizes.max() if limit is None else limit
        selected = np.where((sizes < limit)[labels] & (labels > 0), not inside, selected)
    return selected


def _refined(selected: Bools, colours: Floats, edge: float, run: Run) -> tuple[Floats, Floats]:
    """Coverage (H, W) in full size, soft within ``edge`` pixels of the outline, and the object's colours.

    Works on the rectangles of a few rows that hold some of the outline.
    """
    import cv2

    height, width = colours.shape[:2]
    factor = max(height / selected.shape[0], width / selected.shape[1])
    rough = cv2.resize(selected.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    hard = (rough >= 0.5).astype(np.uint8)
    coverage = hard.astype(np.float32)
    if edge == 0:
        return coverage, colours
    # The outline of a reduced picture is off by up to a pixel of it, so the band reaches that far at least.
    band = max(edge, 1.5 * factor)
    radius, reach = max(1, round(band)), max(4, round(8 * edge))
    distance = np.maximum(*(cv2.distanceTransform(side, cv2.DIST_L2, 5) for side in (hard, 1 - hard)))
    sure = (distance >= band).astype(np.float32)
    # The band fades to the hard selection.
    weight = np.clip(3 * (1 - distance / band), 0, 1)
    boxes = list(_boxes(weight > 0))
    for index, (rows, columns) in enumerate(boxes):
        run.progress(0.8 + 0.1 * index / len(boxes), 1, "finding the edge")
        around = _grown(rows, 3 * radius, height), _grown(columns, 3 * radius, width)
        guide = np.clip(colours[around], 0, 1)
        share, trust = unmixed(
            guide, sure[around] * hard[around], sure[around] * (1 - hard[around]), 3 * radius
        )
        soft = guided_filter(guide, rough[around], radius, 1e-4)
        soft += (share - soft) * trust
        # What is nearly all or nothing is all or nothing.
        soft = np.clip((soft - 0.05) / 0.9, 0, 1)[_within(around, rows, columns)]
        coverage[rows, columns] += (soft - coverage[rows, columns]) * weight[rows, columns]
    freed = np.array(colours)
    for index, (rows, columns) in enumerate(boxes):
        run.progress(0.9 + 0.1 * index / len(boxes), 1, "freeing the edge colours")
        around = _grown(rows, 2 * reach, height), _grown(columns, 2 * reach, width)
        front = object_colours(colours[around], coverage[around], reach)
        freed[rows, columns] = front[_within(around, rows, columns)]
    return coverage, freed


def _boxes(band: Bools) -> Iterator[tuple[slice, slice]]:
    """Rectangles of at most some 64 rows that hold all of ``band``."""
    for top in range(0, len(band), 64):
        columns = np.flatnonzero(band[top : top + 64].any(axis=0))
        if len(columns):
            yield slice(top, min(top + 64, len(band))), slice(int(columns[0]), int(columns[-1]) + 1)


def _grown(part: slice, margin: int, length: int) -> slice:
    return slice(max(0, part.start - margin), min(length, part.stop + margin))


def _within(around: tuple[slice, slice], rows: slice, columns: slice) -> tuple[slice, slice]:
    """Where ``rows`` and ``columns`` of the whole lie in the part ``around``."""
    top, left = rows.start - around[0].start, columns.start - around[1].start
    return slice(top, top + rows.stop - rows.start), slice(left, left + columns.stop - columns.start)
