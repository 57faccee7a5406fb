from __future__ import annotations

import math
from typing import Literal

from meshloom.graph_runtime.spec import NodeError, node


@node("Round", aliases=("floor", "ceil", "truncate", "to int", "whole"))
def round_(number: float, how: Literal["nearest", "down", "up"] = "nearest") -> int:
    """Make a whole number of a number.

    how: "nearest" rounds a half away from zero
    """
    if not math.isfinite(number):
        raise NodeError(f"{number} has no whole number near it", hint="find out where it comes from")
    if how == "down":
        return math.floor(number)
    if how == "up":
        return math.ceil(number)
    # Not floor(x + 0.5), which is wrong for the largest number below one half.
    whole = math.floor(abs(number))
    return int(math.copysign(whole + (abs(number) - whole >= 0.5), number))
