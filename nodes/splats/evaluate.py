from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import Colour, NodeError, OpenFile, Range, Run, node
from meshloom.graph_runtime.types import Cameras, Image, Splats, SplattingKernel, Table


class Evaluation(NamedTuple):
    """
    table: PSNR, PSNR with exposure evened, and SSIM of each photo, LPIPS where there are weights, and their mean
    pairs: drawn and photographed side by side
    psnr: mean PSNR in dB
    ssim: mean SSIM
    """

    table: Table
    pairs: list[Image]
    psnr: float
    ssim: float


@node("Evaluate splats", aliases=("psnr", "ssim", "lpips", "quality", "compare with photos", "validation"))
def evaluate(
    splats: Splats,
    images: Sequence[Image],
    cameras: Cameras,
    kernel: SplattingKernel | None = None,
    max_side: Annotated[int, Range(16, 8192, unit="px")] = 500,
    background: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    lpips_weights: Annotated[tuple[Path, ...], OpenFile(("*.safetensors",))] = (),
    *,
    run: Run,
) -> Evaluation:
    """Compare the scene with photos, best with some it was not trained on.

    PSNR of stored sRGB values with white as the peak; "exposure evened" after one factor a channel for each photo,
    since photos differ in exposure and a scene cannot know by how much. SSIM is that of Wang et al., 2004, with
    zeros beyond the border. LPIPS is that of Zhang et al., 2018 (0 = looks the same), and there only with weights.
    Where a photo has alpha, only what it shows counts.

    images: undistorted photos, one a camera; matched by name, else by order
    kernel: what draws, from kernels.splatting; without it our own for processors
    max_side: longer side of the pictures compared; 500 is what training at "standard" uses
    background: behind the scene
    lpips_weights: LPIPS as safetensors, AlexNet or VGG16 and its heads, in one file or two; none leaves it out
    """
    from meshloom.graph_runtime.models.tensors import read_network
    from meshloom.kernels.splatting.arrays import Settings
    from meshloom.nodes.splats._gaussians import extent_of, gaussians_of, need_splats
    from meshloom.nodes.splats._kernels import opened
    from meshloom.nodes.splats._measuring import measure, table_of
    from meshloom.nodes.splats._photos import counted, views_of

    need_splats(splats)
    views = views_of(images, cameras, None, max_side, "ignore", "compare with")
    named = [
        (view, name or f"photo {n + 1}")
        for n, (view, name) in enumerate(zip(views, cameras.names, strict=True))
    ]
    hidden = [name for view, name in named if not counted(view)]
    shown = [(view, name) for view, name in named if counted(view)]
    if not shown:
        raise NodeError(
            "of every photo less than a hundredth counts: there is nothing to compare with",
            hint="look at the photos' alpha",
        )
    if hidden:
        run.warn(f"of {', '.join(hidden)} less than a hundredth counts; left out")
    apart = None
    if lpips_weights:
        from meshloom.kernels.perceptual.lpips import LAYOUTS, Lpips, own_name

        network = Lpips(*read_network(lpips_weights, LAYOUTS, own_name, "LPIPS"), run.check)
        for view, name in shown:
            refused = network.refusal(*view.photo.shape[1:])
            if refused:
                raise NodeError(f"{name}: {refused}", hint="set max_side, or leave the weights out")
        apart = network.distance
    settings = Settings(antialiased=splats.antialiased, near=0.002 * extent_of(splats))
    scores, pairs = [], []
    with opened(kernel, run.threads) as rasteriser:
        for index, (view, name) in enumerate(shown):
            run.progress(index, len(shown), f"comparing {name}")
            score = measure(rasteriser, gaussians_of(splats), view, settings, background, lpips=apart)
            scores.append(score)
            both = np.concatenate([score.picture, view.photo], axis=2)
            pixels = (np.clip(np.moveaxis(both, 0, 2), 0, 1) * 255 + 0.5).astype(np.uint8)
            pairs.append(Image(np.ascontiguousarray(pixels), name))
    means = [float(np.mean([getattr(score, part) for score in scores])) for part in ("psnr", "ssim")]
    return Evaluation(table_of([name for _, name in shown], scores), pairs, *means)
