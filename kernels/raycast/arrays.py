"""Arrays as compiled loops like them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def settled(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """``array`` contiguous, of ``dtype`` and read-only: always the same to compiled loops, so they compile once."""
    fixed = np.ascontiguousarray(array, dtype).view()
    fixed.flags.writeable = False
    return fixed
