from __future__ import annotations

from typing import NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Figure, Series, Splats, Table


class SplatStatistics(NamedTuple):
    """
    table: number, degree, bounds, and quantiles of opacity, size and flatness
    opacities: how many splats have which opacity
    """

    table: Table
    opacities: Figure


@node("Splat statistics", aliases=("count", "histogram", "inspect", "measure"))
def statistics(splats: Splats) -> SplatStatistics:
    """How many splats there are, where, how opaque and how large.

    Size is the geometric mean of the three standard deviations, flatness the smallest over the largest.
    """
    from meshloom.nodes.splats._gaussians import need_splats

    need_splats(splats)
    good = np.isfinite(splats.means).all(axis=1)
    rows: list[tuple[str, float | int | None]] = [
        ("splats", len(splats)),
        ("degree of spherical harmonics", splats.degree),
        ("not finite", int((~good).sum())),
        (
            "bytes",
            sum(
                getattr(splats, part).nbytes for part in ("means", "quaternions", "scales", "opacities", "sh")
            ),
        ),
    ]
    for axis, name in enumerate("xyz"):
        held = splats.means[good, axis]
        rows += [(f"lowest {name}", float(held.min()) if len(held) else None)]
        rows += [(f"highest {name}", float(held.max()) if len(held) else None)]
    scales = np.maximum(splats.scales.astype(np.float64), 1e-30)
    measures = {
        "opacity": splats.opacities.astype(np.float64),
        "size": np.exp(np.log(scales).mean(axis=1)),
        "flatness": scales.min(axis=1) / scales.max(axis=1),
    }
    for name, held in measures.items():
        for share in (0.05, 0.5, 0.95):
            rows.append((f"{name}, {share:.0%} quantile", float(np.nanquantile(held, share))))
    counts, edges = np.histogram(np.clip(np.nan_to_num(measures["opacity"]), 0, 1), 50, (0, 1))
    middle = (edges[:-1] + edges[1:]) / 2
    figure = Figure(
        "Opacities", "opacity", "splats", (Series("splats", middle, counts.astype(np.float64), "bars"),)
    )
    return SplatStatistics(Table(("what", "value"), tuple(rows)), figure)
