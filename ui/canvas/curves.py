"""Links longer than the view, cut to what is seen of them.

Qt strokes a whole path before it clips, so a thick smooth curve across twenty screens costs half a millisecond.
The same curve as short lines, those in view only, costs a twentieth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF

_STEPS = 64
_T = np.linspace(0.0, 1.0, _STEPS + 1)[None, :, None]
#: Bernstein polynomials of degree three at each step.
_WEIGHTS = ((1 - _T) ** 3, 3 * _T * (1 - _T) ** 2, 3 * _T**2 * (1 - _T), _T**3)


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
    curve = sum(weight * points[:, index] for index, weight in enumerate(_WEIGHTS))
    first, last = curve[:, :-1], curve[:, 1:]
    low, high = np.minimum(first, last), np.maximum(first, last)
    inside = (
        (high[..., 0] >= box.left() - 4)
        & (low[..., 0] <= box.right() + 4)
        & (high[..., 1] >= box.top() - 4)
        & (low[..., 1] <= box.bottom() + 4)
    )
    return [QLineF(*row) for row in np.concatenate([first[inside], last[inside]], axis=1).tolist()]
