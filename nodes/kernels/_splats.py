"""From choices of splatting kernels to kernels and tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Table

if TYPE_CHECKING:
    from meshloom.kernels.splatting.comparing import Comparison
    from meshloom.kernels.splatting.kernel import Kernel


def chosen_kernel(kernel_id: str) -> Kernel:
    """The kernel of that id. Raises NodeError naming those there are."""
    from meshloom.kernels.splatting import registry
    from meshloom.kernels.splatting.kernel import SplattingError

    try:
        return registry.get(kernel_id)
    except SplattingError as error:
        raise NodeError(str(error), hint=error.fix) from None


def availability() -> Table:
    """Every kernel there is, whether it can be used here, why not and what would help."""
    from meshloom.kernels.splatting import registry

    rows = []
    for kernel in map(registry.get, registry.ids()):
        verdict = kernel.usable()
        where = kernel.device() if verdict else ""
        rows.append(
            (
                kernel.id,
                kernel.title,
                "yes" if verdict else "no",
                where,
                verdict.reason,
                verdict.fix,
                kernel.licence,
            )
        )
    return Table(("kernel", "what", "usable", "on", "why not", "what would help", "licence"), tuple(rows))


def table_of(found: Comparison) -> Table:
    """A row a kernel; the noise in the last."""
    rows: list[tuple[str | float | None, ...]] = [
        (
            row.kernel,
            row.status,
            *map(_number, (row.draw_ms, row.both_ms, row.speedup, row.low, row.high)),
            row.verdict,
            *map(_number, (row.values, row.gradients)),
        )
        for row in found.rows
    ]
    noise = f"noise \u00b1 {found.noise:.1%}" if math.isfinite(found.noise) else ""
    rows.append(("A/A (baseline again)", "ok", *([None] * 5), noise, None, None))
    columns = ("kernel", "status", "draw ms", "draw and gradients ms", "speed-up", "low", "high", "verdict")
    return Table((*columns, "error of pictures", "error of gradients"), tuple(rows))


def _number(held: float) -> float | None:
    """Four digits; None where there is none."""
    return float(f"{held:.4g}") if math.isfinite(held) else None
