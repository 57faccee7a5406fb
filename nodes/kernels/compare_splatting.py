"""Kernels of splatting against each other."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, node
from meshloom.graph_runtime.types import Cameras, Figure, Series, Splats, SplattingKernel, Table


class Compared(NamedTuple):
    """
    table: a row a kernel: time to draw, and with gradients; how many times faster than the baseline; errors
    rounds: every round that was measured
    best: the usable kernel that takes the least time, the earlier one where they are equal
    """

    table: Table
    rounds: Figure
    best: SplattingKernel


@node("Compare splatting kernels", aliases=("benchmark", "A/B", "speed", "gsplat", "rasteriser"), gpu=True)
def compare_splatting(
    baseline: SplattingKernel,
    second: SplattingKernel,
    third: SplattingKernel | None = None,
    splats: Splats | None = None,
    cameras: Cameras | None = None,
    count: Annotated[int, Range(10, 1_000_000)] = 20_000,
    side: Annotated[int, Range(16, 2048, unit="px")] = 256,
    sh_degree: Annotated[int, Range(0, 3)] = 1,
    rounds: Annotated[int, Range(6, 200)] = 8,
    check: bool = True,
    seed: Annotated[int, Seed()] = 0,
    take: Annotated[int, Range(1, None)] = 1,
    *,
    run: Run,
) -> Compared:
    """Time kernels of splatting, drawing and gradients, and say which differences are real.

    Every kernel passes the gate first. Rounds are paired: all kernels forth and back, the baseline a second time
    under another name (A/A), which is the noise. A kernel is called faster or slower only if the whole 95 % interval
    of the paired ratios says so and the difference exceeds the noise.

    baseline: what the others are compared with
    second: a kernel to compare
    third: another
    splats: the scene to draw; without it a cloud of count splats
    cameras: views of that scene; without them the cloud is drawn
    count: splats of the cloud
    side: longer side of the pictures
    sh_degree: bands of colour
    rounds: more rounds make narrower intervals
    check: hold each kernel against double precision first
    seed: of the cloud and the order
    take: figures are kept like every result; another number measures again
    """
    from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
    from meshloom.kernels.splatting.comparing import before_it, compare, scene
    from meshloom.nodes.kernels._splats import chosen_kernel, table_of

    given = [kernel for kernel in (baseline, second, third) if kernel is not None]
    if (splats is None) != (cameras is None):
        raise NodeError("splats and cameras go together", hint="connect both, or neither")
    if splats is not None and cameras is not None:
        if not len(splats) or not len(cameras):
            raise NodeError("there are no splats, or no cameras", hint="look at where they come from")
        gaussians = Gaussians(splats.means, splats.quaternions, splats.scales, splats.opacities, splats.sh)
        views = [
            Camera.of(cameras.intrinsics[n], cameras.extrinsics[n], *cameras.sizes[n].tolist())
            for n in range(min(len(cameras), rounds))
        ]
        views = [_fitted(view, side) for view in views]
        settings = Settings(antialiased=splats.antialiased, degree=sh_degree)
    else:
        gaussians, views = scene(count, sh_degree, seed % 2**32), [before_it(side, side)]
        settings = Settings(degree=sh_degree)
    found = compare(
        [chosen_kernel(kernel.id) for kernel in given],
        gaussians,
        views,
        settings,
        rounds,
        run.threads,
        check,
        seed % 2**32,
        lambda share, message: run.progress(share, 1.0, message),
    )
    done = [row for row in found.rows if row.status == "ok"]
    if not done:
        reasons = "; ".join(f"{row.kernel}: {row.status}" for row in found.rows)
        raise NodeError(
            f"no kernel could be measured: {reasons}", hint="kernels.splatting lists what can be used"
        )
    for row in found.rows:
        if row.status != "ok":
            run.warn(f"{row.kernel} {row.status}")
    slack = min(found.noise, 0.2) if np.isfinite(found.noise) else 0.0
    least = min(row.both_ms for row in done)
    best = next(row.kernel for row in done if row.both_ms <= least * (1 + slack))
    series = [
        Series(row.kernel, np.arange(1, len(row.rounds) + 1, dtype=float), np.array(row.rounds), "points")
        for row in done
    ]
    figure = Figure("Every round", "round", "ms to draw with gradients", tuple(series))
    return Compared(table_of(found), figure, next(kernel for kernel in given if kernel.id == best))


def _fitted(view, side: int):  # type: ignore[no-untyped-def]
    """The camera with its longer side at most ``side`` pixels."""
    scale = min(1.0, side / max(view.width, view.height))
    return view.resized(max(1, round(view.width * scale)), max(1, round(view.height * scale)))
