"""How good a disparity is."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, node
from meshloom.graph_runtime.types import DepthMap, Table


@node("Compare disparity", aliases=["bad pixels", "bad-2.0", "stereo evaluation", "Middlebury"])
def compare_disparity(
    disparity: DepthMap,
    truth: DepthMap,
    threshold: Annotated[float, Range(0.0, 100.0, unit="px")] = 2.0,
) -> Table:
    """Compare a disparity with the true one, as the Middlebury benchmark does.

    Counted over every pixel whose truth is known, hidden ones included ("all"); a pixel without an answer is
    bad. The errors are of the pixels that have one.

    disparity: shifts in pixels, 0 or NaN = unknown.
    truth: the true shifts, of the same size.
    threshold: pixels off by more than this are bad.
    """
    found, true = disparity.depth, truth.depth
    if found.shape != true.shape:
        raise NodeError(
            f"the disparity is {found.shape[1]} x {found.shape[0]}"
            f" and the truth {true.shape[1]} x {true.shape[0]}; expected one size",
            "Compare at one size: disparity changes with the size of the photo.",
        )
    valid = np.isfinite(true) & (true != 0)
    if not valid.any():
        raise NodeError("the truth knows no pixel", "Connect a disparity with measured pixels as the truth.")
    answered = valid & np.isfinite(found) & (found != 0)
    error = np.abs(np.where(answered, found, 0.0) - np.where(valid, true, 0.0))
    known = error[answered]

    def bad(limit: float) -> float:
        return 100.0 * float(1.0 - (known <= limit).sum() / valid.sum())

    rows: list[tuple[str, float | None, str]] = [(f"bad {threshold:g}", bad(threshold), "%")]
    rows += [(f"bad {limit:g}", bad(limit), "%") for limit in (0.5, 1.0, 4.0) if limit != threshold]
    rows.append(("average error", float(known.mean()) if len(known) else None, "px"))
    rows.append(("root mean square error", float(np.sqrt((known**2).mean())) if len(known) else None, "px"))
    rows.append(("coverage", 100.0 * float(answered.sum() / valid.sum()), "%"))
    rows.append(("pixels compared", int(valid.sum()), "px"))
    return Table(("measure", "value", "unit"), tuple(rows))
