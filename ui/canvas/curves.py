"""Links longer than the view, cut to what is seen of them.

Qt strokes a whole path before it clips, so a thick smooth curve across twenty screens costs half a millisecond.
The same curve as short lines, those in view only, costs a twentieth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF

#: Pieces of a curve when there are few, and from this many links on.
_FINE, _COARSE, _MANY = 64, 32, 100


def _weights(steps: int) -> tuple[np.ndarray, ...]:
    """Bernstein polynomials of degree three at each step."""
    t = np.linspace(0.0, 1.0, steps + 1)[None, :, None]
    return (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3


_WEIGHTS = {steps: _weights(steps) for steps in (_FINE, _COARSE)}


def reach(start: QPointF, end: QPointF) -> float:
    """How far a link goes straight on before it bends."""
    return max(30.0, min(abs(end.x() - start.x()) * 0.5 + abs(end.y() - start.y()) * 0.12, 240.0))


def seen(ends: Sequence[tuple[QPointF, QPointF]], box: QRectF) -> list[QLineF]:
    """The pieces of these links' curves that touch ``box``."""
    if not ends:
        return []
    points = np.array(
        [
            (start.x(), start.y(), start.x() + (out := reach(start, end)), start.y(), end.x() - out, end.y(),
             end.x(), end.y())
            for start, end in ends
        ]
    ).reshape(-1, 4, 1, 2)  # fmt: skip
    weights = _WEIGHTS[_FINE if len(ends) < _MANY else _COARSE]
    curve = sum(weight * points[:, index] for index, weight in enumerate(weights))
    first, last = curve[:, :-1], curve[:, 1:]
    low, high = np.minimum(first, last), np.maximum(first, last)
    inside = (
        (high[..., 0] >= box.left() - 4)
        & (low[..., 0] <= box.right() + 4)
        & (high[..., 1] >= box.top() - 4)
        & (low[..., 1] <= box.bottom() + 4)
    )
    return [QLineF(*row) for row in np.concatenate([first[inside], last[inside]], axis=1).tolist()]
