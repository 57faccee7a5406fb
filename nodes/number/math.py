from __future__ import annotations

import math as library
from typing import Literal

from meshloom.graph_runtime.spec import NodeError, node

Operation = Literal[
    "add", "subtract", "multiply", "divide", "power", "modulo", "minimum", "maximum", "logarithm"
]


@node(
    "Math", aliases=("add", "subtract", "multiply", "divide", "plus", "minus", "times", "power", "calculate")
)
def math(a: float = 0.0, operation: Operation = "add", b: float = 0.0) -> float:
    """Calculate with two numbers.

    a: may be linked
    operation: "modulo" has the sign of b; "logarithm" is of a, to the base b
    b: may be linked
    """
    simple = {
        "add": lambda: a + b,
        "subtract": lambda: a - b,
        "multiply": lambda: a * b,
        "divide": lambda: a / b,
        "power": lambda: library.pow(a, b),
        "modulo": lambda: a % b,
        "minimum": lambda: min(a, b),
        "maximum": lambda: max(a, b),
        "logarithm": lambda: library.log(a, b),
    }
    try:
        return float(simple[operation]())
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        raise NodeError(
            f"{a:g} {operation} {b:g} has no value ({error})",
            hint="a divisor must not be 0, and roots and logarithms want positive numbers",
        ) from error
