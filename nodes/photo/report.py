from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import Image, Table
from meshloom.nodes.photo._sharpness import grey, sharpness

COLUMNS = (
    "photo",
    "width",
    "height",
    "focal_px",
    "sharpness",
    "brightness",
    "black",
    "white",
    "closest",
    "likeness",
    "verdict",
)
#: Side in pixels at which sharpness is judged, and of the thumbnails that are compared.
WORKING, THUMBNAIL = 1024, 48


@node("Photo report", aliases=("blur", "quality", "duplicates", "exposure", "check photos"))
def report(
    images: Sequence[Image],
    blur: Annotated[float, Slider(0, 1)] = 0.35,
    alike: Annotated[float, Slider(0.9, 1)] = 0.995,
    *,
    run: Run,
) -> Table:
    """Say of each photo whether it suits reconstruction: sharp, well exposed, no near copy of another.

    Columns: sharpness (variance of the Laplacian over the picture's variance, at 1024 px; to be compared
    within one set only), brightness (mean, 0..1), black and white (share of clipped pixels), focal_px (from
    Exif; 0 = unknown), closest (the most alike other photo), likeness (correlation of thumbnails, 1 = the
    same), verdict in words.

    blur: called blurred when below this share of the median sharpness
    alike: called a near copy when a photo before it correlates at least this much
    """
    if not images:
        raise NodeError(
            "there are no photos to judge; expected at least one", hint="connect photo.load_folder"
        )
    measured = []
    for index, image in enumerate(images):
        run.progress(index, len(images), f"judging {image.name or index + 1}")
        measured.append(_measure(image))
    sharp = np.array([row[0] for row in measured])
    likeness = _likeness(
        np.stack([row[4] for row in measured]), [image.width / image.height for image in images]
    )
    typical = float(np.median(sharp))
    rows = []
    for index, image in enumerate(images):
        sharpest, bright, black, white, _ = measured[index]
        closest = int(likeness[index].argmax()) if len(images) > 1 else None
        copy_of = next((i for i in range(index) if likeness[index, i] >= alike), None)
        words = _words(sharpest, typical, blur, bright, black, white, min(image.width, image.height))
        if copy_of is not None:
            words.append(f"nearly the same as {images[copy_of].name or copy_of + 1}")
        rows.append(
            (
                image.name,
                image.width,
                image.height,
                round(image.focal_px, 1),
                round(sharpest, 4),
                round(bright, 3),
                round(black, 3),
                round(white, 3),
                None if closest is None else images[closest].name or str(closest + 1),
                None if closest is None else round(float(likeness[index, closest]), 4),
                "; ".join(words) or "good",
            )
        )
    run.progress(len(images), len(images), "judged")
    return Table(COLUMNS, tuple(rows))


def _measure(image: Image) -> tuple[float, float, float, float, NDArray[np.float32]]:
    """Sharpness, mean, clipped shares, and a thumbnail with mean 0 and norm 1 (all zero if blank)."""
    import cv2

    luma = grey(image, WORKING)
    small = cv2.resize(luma, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    centred = small - small.mean()
    norm = float(np.linalg.norm(centred))
    thumbnail = centred / norm if norm > 1e-4 else np.zeros_like(centred)
    black, white = float((luma <= 2 / 255).mean()), float((luma >= 253 / 255).mean())
    return sharpness(luma), float(luma.mean()), black, white, thumbnail.ravel().astype(np.float32)


def _likeness(thumbnails: NDArray[np.float32], aspects: list[float]) -> NDArray[np.float32]:
    """(N, N) correlation of thumbnails, -1 for a photo with itself and for photos of another shape."""
    likeness: NDArray[np.float32] = np.clip(thumbnails @ thumbnails.T, -1, 1)
    # Blank photos correlate with nothing, yet are all alike.
    blank = ~thumbnails.any(axis=1)
    likeness[np.ix_(blank, blank)] = 1
    shape = np.log(np.array(aspects))
    likeness[np.abs(shape[:, None] - shape[None]) > 0.02] = -1
    np.fill_diagonal(likeness, -1)
    return likeness


def _words(
    sharp: float, typical: float, blur: float, bright: float, black: float, white: float, short: int
) -> list[str]:
    words = []
    if short < 400:
        words.append(f"small ({short} px; 1000 or more is better)")
    if sharp == 0.0:
        words.append("blank")
    elif sharp < blur * typical:
        words.append(f"blurred ({sharp / typical:.0%} of the usual sharpness)")
    if bright < 0.12 or black > 0.4:
        words.append("too dark")
    if bright > 0.9 or white > 0.4:
        words.append("too bright")
    return words
