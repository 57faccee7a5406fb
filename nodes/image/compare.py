from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, OpenFile, Run, Slider, node
from meshloom.graph_runtime.types import Image, Mask, Table
from meshloom.nodes.image._pixels import STRIP, Floats, alpha_of, check_same_size, colours_of, strips

#: Half the window of SSIM: a gaussian of 1.5 pixels, cut at 3.5 standard deviations, as in the paper.
SSIM_REACH = 5


class Comparison(NamedTuple):
    """
    table: one row: names, PSNR in dB, SSIM, mean, root mean square and largest difference, pixels compared; LPIPS
      where there are weights
    difference: where and how much the two differ
    psnr: peak signal-to-noise ratio in dB; infinite for equal pictures
    ssim: structural similarity, 1 = equal
    """

    table: Table
    difference: Image
    psnr: float
    ssim: float


@node("Compare", aliases=("psnr", "ssim", "mae", "difference", "error", "quality", "metrics", "lpips"))
def compare(
    first: Image,
    second: Image,
    mask: Mask | None = None,
    gain: Annotated[float, Slider(1, 64)] = 4.0,
    show: Literal["difference", "heat map"] = "difference",
    lpips_weights: Annotated[tuple[Path, ...], OpenFile(("*.safetensors",))] = (),
    *,
    run: Run,
) -> Comparison:
    """Measure how far two pictures of the same size differ, and show where.

    On stored (sRGB) values with 1.0 = white as the peak, for 8-bit and float alike. PSNR is 10 log10(1 /
    MSE); SSIM is that of Wang et al. 2004 (gaussian window of 1.5 pixels), the mean over channels. Where
    either has alpha, colours are weighted by it and alpha is compared as one more channel; grey is compared
    with colour as RGB. Pixels that are NaN or infinite in either are left out. LPIPS is that of Zhang et al. 2018
    (0 = looks the same), of the colours as they are compared, and there only with weights.

    mask: the region that counts: coverage above one half
    gain: by what differences are multiplied in the picture
    show: "difference" in each channel; "heat map" of the largest difference over the channels, dark to yellow
    lpips_weights: LPIPS as safetensors, AlexNet or VGG16 and its heads, in one file or two; none leaves it out
    """
    check_same_size(first, second, "the first picture", "the second")
    counted = np.ones((first.height, first.width), bool)
    if mask is not None:
        check_same_size(first, mask, "the pictures", "the mask")
        counted = mask.coverage > 0.5
    run.progress(0, 1, "comparing")
    a, b = _comparable(first, second)
    finite = np.isfinite(a).all(axis=2) & np.isfinite(b).all(axis=2)
    left_out = int((counted & ~finite).sum())
    if left_out:
        run.warn(f"{left_out} pixels are NaN or infinite and were left out")
    counted = counted & finite
    if not counted.any():
        raise NodeError("no pixel is left to compare", hint="the mask selects none, or all are NaN")
    if not finite.all():
        a, b = np.where(finite[:, :, None], a, 0), np.where(finite[:, :, None], b, 0)
    difference = np.empty_like(a)
    total, squares, largest = 0.0, 0.0, 0.0
    for rows in strips(first.height, first.width, run, "comparing"):
        difference[rows] = np.abs(a[rows] - b[rows])
        errors = difference[rows][counted[rows]]
        # Sums in double: a megapixel of float32 squares loses digits.
        total += float(np.sum(errors, dtype=np.float64))
        squares += float(np.sum(errors.astype(np.float64) ** 2))
        largest = max(largest, float(errors.max(initial=0)))
    values = int(counted.sum()) * a.shape[2]
    mean_square = squares / values
    psnr = -10 * math.log10(mean_square) if mean_square > 0 else math.inf
    ssim = _ssim(a, b, counted, run)
    columns = ("first", "second", "psnr_db", "ssim", "mae", "rmse", "largest", "pixels")
    row = (first.name, second.name, psnr, ssim, total / values, mean_square**0.5, largest)
    row = (*row, int(counted.sum()))
    if lpips_weights:
        columns, row = (*columns, "lpips"), (*row, _lpips(a, b, counted, lpips_weights, run))
    table = Table(columns, (row,))
    picture = _picture(difference, counted, gain, show)
    run.progress(1, 1, "comparing")
    if first.pixels.dtype == second.pixels.dtype == np.uint8:
        picture = Image(picture.as_uint8())
    return Comparison(table, Image(picture.pixels, first.name, first.focal_px), psnr, ssim)


def _comparable(first: Image, second: Image) -> tuple[Floats, Floats]:
    """Both with the same channels: grey, RGB, or premultiplied RGB and alpha."""
    pictures = first, second
    colours = [colours_of(picture) for picture in pictures]
    if colours[0].shape[2] != colours[1].shape[2]:
        colours = [np.repeat(c, 3, axis=2) if c.shape[2] == 1 else c for c in colours]
    alphas = [alpha_of(picture) for picture in pictures]
    if alphas[0] is None and alphas[1] is None:
        return colours[0], colours[1]
    made = []
    for colour, alpha in zip(colours, alphas, strict=True):
        alpha = np.ones_like(colour[:, :, :1]) if alpha is None else alpha
        made.append(np.concatenate([np.where(alpha > 0, colour * alpha, 0), alpha], axis=2))
    return made[0], made[1]


def _ssim(a: Floats, b: Floats, counted: np.ndarray, run: Run) -> float:
    """Mean SSIM over the counted pixels, on the rectangle around them."""
    from skimage.metrics import structural_similarity

    rows, columns = np.flatnonzero(counted.any(axis=1)), np.flatnonzero(counted.any(axis=0))
    window = (
        slice(max(0, rows[0] - SSIM_REACH), rows[-1] + 1 + SSIM_REACH),
        slice(max(0, columns[0] - SSIM_REACH), columns[-1] + 1 + SSIM_REACH),
    )
    a, b, counted = a[window], b[window], counted[window]
    short = [max(0, 2 * SSIM_REACH + 1 - length) for length in counted.shape]
    if any(short):
        # A picture smaller than the window is mirrored until it holds one.
        sides = [(lack // 2, lack - lack // 2) for lack in short]
        a, b = (np.pad(values, (*sides, (0, 0)), mode="symmetric") for values in (a, b))
        counted = np.pad(counted, sides)
    total = 0.0
    height, width, count = a.shape
    # In strips that overlap by the reach of the window, so that nothing changes at the seams.
    step = max(2 * SSIM_REACH + 1, STRIP // (width * count))
    for top in range(0, height, step):
        run.progress(top, height, "comparing structure")
        first, last = max(0, top - 2 * SSIM_REACH), min(height, top + step + 2 * SSIM_REACH)
        _, local = structural_similarity(
            a[first:last],
            b[first:last],
            channel_axis=2,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )
        inner = slice(top - first, min(top + step, height) - first)
        total += float(np.sum(local[inner][counted[top : top + step]], dtype=np.float64))
    return total / (int(counted.sum()) * count)


def _lpips(a: Floats, b: Floats, counted: np.ndarray, files: tuple[Path, ...], run: Run) -> float:
    from meshloom.graph_runtime.models.tensors import read_network
    from meshloom.kernels.perceptual.lpips import LAYOUTS, Lpips, own_name

    network = Lpips(*read_network(files, LAYOUTS, own_name, "LPIPS"), run.check)
    refused = network.refusal(*counted.shape)
    if refused:
        raise NodeError(refused, hint="put image.resize before, or leave the weights out")
    run.progress(0, 1, "comparing features")
    # What does not count is in sight of what does: it is made equal.
    b = np.where(counted[:, :, None], b, a)
    planes = [np.moveaxis(np.broadcast_to(c[:, :, :3], (*counted.shape, 3)), 2, 0) for c in (a, b)]
    return network.distance(*planes, None if counted.all() else counted.astype(np.float32))


def _picture(difference: Floats, counted: np.ndarray, gain: float, show: str) -> Image:
    shown = np.where(counted[:, :, None], difference * np.float32(gain), 0).astype(np.float32)
    if show == "heat map":
        import cv2

        level = (np.clip(shown.max(axis=2), 0, 1) * 255 + 0.5).astype(np.uint8)
        heat = cv2.applyColorMap(level, cv2.COLORMAP_INFERNO)[:, :, ::-1]
        return Image(heat.astype(np.float32) / np.float32(255))
    if shown.shape[2] == 4:
        # A difference in alpha alone would be invisible behind the alpha of the picture.
        shown = np.maximum(shown[:, :, :3], shown[:, :, 3:])
    return Image(shown)
