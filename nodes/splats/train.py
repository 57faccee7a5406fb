from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import Cancelled, Colour, NodeError, Range, Run, Seed, Slider, node
from meshloom.graph_runtime.types import (
    Cameras,
    Figure,
    Image,
    Mask,
    PointCloud,
    Splats,
    SplattingKernel,
    Table,
)


class Trained(NamedTuple):
    """
    splats: the scene
    report: PSNR and SSIM of every photo that was held out, and their mean
    curve: the same over the iterations, with the loss
    cameras: the cameras, moved where that was asked for
    """

    splats: Splats
    report: Table
    curve: Figure
    cameras: Cameras


@node("Train splats", aliases=("gaussian splatting", "3dgs", "radiance field", "nerf", "photos to splats"))
def train(
    images: Sequence[Image],
    cameras: Cameras,
    points: PointCloud | None = None,
    masks: Sequence[Mask] | None = None,
    kernel: SplattingKernel | None = None,
    effort: Literal["preview", "standard", "full"] = "preview",
    iterations: Annotated[int, Range(0, 200_000)] = 0,
    max_side: Annotated[int, Range(0, 4096, unit="px")] = 0,
    splats: Annotated[int, Range(0, 5_000_000)] = 0,
    sh_degree: Annotated[int, Range(-1, 3)] = -1,
    densify: Literal["mcmc", "adc", "none"] = "mcmc",
    antialiased: bool = False,
    hold_out: Annotated[int, Range(0, 100)] = 8,
    exposure: bool = True,
    refine_cameras: bool = False,
    background: Literal["colour", "random"] = "colour",
    colour: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    outside_masks: Literal["ignore", "empty"] = "ignore",
    ssim_weight: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.2,
    dropout: Annotated[float, Range(-1.0, 0.9)] = -1.0,
    stop_after: Annotated[int, Range(0, 200_000)] = 0,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> Trained:
    """Make a scene of soft ellipsoids that looks like the photos from where they were taken, and from between.

    3D Gaussian splatting (Kerbl et al., 2023), on the processor: every iteration draws one photo's view and moves
    all ellipsoids a little towards what the photo shows, by L1 and SSIM. New ones are put where they are needed
    (MCMC, Kheradmand et al., 2024). Begins with small pictures. The result depends on the inputs and the seed
    alone. Checkpoints are kept in the cache: a training that was cancelled or killed goes on from the last, or, with
    stop_after, gives what it had learned by then.
    Where an earlier checkpoint showed the held-out photos better than the end, it is returned.

    images: undistorted photos, one a camera; matched by name, else by order. Where a photo has alpha, it is its mask
    cameras: pinhole cameras of the photos
    points: where to begin, best many (from dense.fuse); without them, places before the cameras at random
    masks: one a photo, in the cameras' order: what counts
    kernel: what draws and takes gradients, from kernels.splatting; without it our own for processors
    effort: preview (about a minute), standard (minutes), full (an hour or more); the next four are set by it while 0
    iterations: photos looked at; 0 = by effort: 3,000, 8,000, 30,000, but 400 a photo at most (and 1,000 at least)
    max_side: longer side of the photos in training; 0 = by effort: 256, 500, 1000. Time grows with its square
    splats: most ellipsoids; 0 = by effort: 30,000, 80,000, 300,000
    sh_degree: how colours change with the direction, 0 (not at all) to 3; -1 = by effort: 1, 2, 3
    densify: mcmc moves faded ellipsoids to where they help; adc clones and splits (2023); none keeps the number
    antialiased: keeps thin things from swelling when seen from further away or closer by (Mip-Splatting)
    hold_out: every Nth photo (2 or more, of at least 4 photos) is measured and not trained on; 0 trains on all
    exposure: allow each photo a brightness and tint of its own; the scene gets their mean
    refine_cameras: let the cameras move a little
    background: what lies behind everything: one colour, or another at random each time, so that nothing hides in it
    outside_masks: ignore leaves open what is there; empty says that nothing is
    ssim_weight: how much structure counts against plain differences
    dropout: part of the ellipsoids left out at random, growing to this, so that few photos are not learned by heart
        (Park et al., 2025); above 0, sizes are limited too. Below 0 = by the number of photos trained on: 0.4 for up
        to 10, none for 20 and more
    stop_after: end after this many of the iterations, as if cut off there; checkpoints on the way are used. 0 = at
        the end
    """
    from meshloom.kernels.splatting.arrays import Gaussians
    from meshloom.kernels.splatting.starting import (
        at_random,
        both,
        depths_in_view,
        extent,
        from_points,
        where_nothing_is,
    )
    from meshloom.kernels.splatting.training import Recipe
    from meshloom.nodes.splats._effort import check_memory, chosen, dropout_for, for_photos, segments
    from meshloom.nodes.splats._gaussians import splats_of
    from meshloom.nodes.splats._kernels import opened
    from meshloom.nodes.splats._measuring import curve_of, table_of
    from meshloom.nodes.splats._photos import counted, held_out, views_of
    from meshloom.nodes.splats._report import advise, moved_cameras
    from meshloom.nodes.splats._training import Trainer
    from meshloom.nodes.splats._values import SplatCheckpoint

    plan = chosen(effort, iterations, max_side, splats, sh_degree)
    if len(cameras) == 1:
        raise NodeError(
            "there is one photo with a camera; expected two or more that overlap",
            hint="take more photos from around, or look at why the others got no camera",
        )
    scales = [min(1.0, plan.max_side / max(image.width, image.height)) for image in images]
    check_memory(plan, sum(int(i.width * i.height * s * s) for i, s in zip(images, scales, strict=True)))
    run.progress(0, plan.iterations, "preparing the photos")
    views = views_of(images, cameras, masks, plan.max_side, outside_masks, "train on")
    chosen_out = held_out(len(views), hold_out)
    tested = [index for index in chosen_out if counted(views[index])]
    if hold_out and not tested:
        run.warn(
            "no photo is held out, so nothing is measured: there are too few for hold_out, or masks hide them"
        )
    trained = [index for index in range(len(views)) if index not in chosen_out]
    shown = [views[index] for index in trained]
    if not iterations:
        plan = for_photos(plan, len(shown))

    good = None
    if points is not None and len(points):
        good = points.positions[np.isfinite(points.positions).all(axis=1)]
    reach = extent([view.camera for view in shown], good)
    if good is not None and len(good) >= 10:
        assert points is not None
        colours = points.colours
        if colours is not None:
            colours = colours[np.isfinite(points.positions).all(axis=1)]
        # Of more, a third of the room is left for what training finds lacking.
        first = plan.most if densify == "none" else max(1, plan.most * 2 // 3)
        if len(good) > first:
            some = np.sort(np.random.default_rng([seed, 0]).permutation(len(good))[:first])
            good, colours = good[some], None if colours is None else colours[some]
        start = from_points(good, colours, 0.5 if densify == "mcmc" else 0.1)
        if densify != "none":
            room = max(0, min(plan.most - len(start), plan.most // 2))
            photos = [view.photo for view in shown]
            start = both(start, where_nothing_is([view.camera for view in shown], photos, good, room, seed))
    else:
        if points is not None:
            count = 0 if good is None else len(good)
            run.warn(f"{count} points at finite places are too few; beginning with places at random")
        near, far = depths_in_view([view.camera for view in shown])
        start = at_random(
            [view.camera for view in shown],
            [view.photo for view in shown],
            max(100, plan.most // 2),
            seed,
            near,
            far,
        )
    recipe = Recipe(
        iterations=plan.iterations,
        most=max(plan.most, len(start)),
        degree=plan.degree,
        strategy=densify,
        antialiased=antialiased,
        similarity=ssim_weight,
        background=colour if background == "colour" else None,
        exposure=exposure,
        refine_cameras=refine_cameras,
        dropout=dropout_for(len(shown)) if dropout < 0 else dropout,
        seed=seed,
        extent=reach,
    )
    said = [f"{name}={value}" for name, value in asdict(recipe).items()]
    parts = [*images, cameras, points, kernel, *(masks or ()), plan.max_side, hold_out, outside_masks, *said]
    with opened(kernel, run.threads, "lower max_side or splats") as rasteriser:
        ends = segments(plan, stop_after)
        trainer = Trainer(start, shown, [views[index] for index in tested], recipe, rasteriser, run, ends[-1])
        last: SplatCheckpoint | None = None
        best: SplatCheckpoint | None = None
        done = 0
        for end in ends:

            def make(end: int = end, before: SplatCheckpoint | None = last) -> SplatCheckpoint:
                if before is not None:
                    trainer.resume(before)
                return trainer.until(end)

            try:
                last = run.remember("training", [*parts, end, last], make, SplatCheckpoint)
            except Cancelled:
                if last is not None:
                    run.warn(
                        f"stopped; what was learned in {done:,} of {plan.iterations:,} iterations is kept: run again"
                        f" to go on, or set stop_after to {done} to use it as it is"
                    )
                raise
            done = end
            if best is None or not last.score < best.score:
                best = last
        assert last is not None and best is not None
        trainer.resume(best)
        trainer.training.limit_sizes()
        scores = trainer.scores()
        scene = trainer.training.gaussians()
        moved = moved_cameras(cameras, trainer, trained) if refine_cameras else cameras
        advise(trainer, last, scores, run)
    # What is left but cannot be seen only costs room.
    kept = np.flatnonzero((scene.opacities > 1 / 255) & np.isfinite(scene.means).all(axis=1))
    if not len(kept):
        raise NodeError(
            "training left nothing visible: photos and cameras do not fit together",
            hint="check that images and cameras belong together, with render.preview on points and cameras",
        )
    scene = Gaussians(
        scene.means[kept],
        scene.quaternions[kept],
        scene.scales[kept],
        scene.opacities[kept],
        scene.sh[kept],
    )
    names = [cameras.names[index] for index in tested]
    return Trained(splats_of(scene, antialiased), table_of(names, scores), curve_of(last.curve), moved)
