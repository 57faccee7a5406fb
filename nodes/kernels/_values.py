"""What travels on wires about attention kernels."""

from __future__ import annotations

import json
from typing import Any

from meshloom.graph_runtime.types import value


@value
class AttentionKernel:
    """A choice of kernel: a value, not a setting that holds somewhere.

    ``options``: canonical JSON. ``fallbacks``: ids to try, in order, where it cannot compute a call; none: that is
    an error. ``fingerprint``: digests all that decides the bits it returns, so that what consumes the kernel is
    computed anew exactly when these could differ, and a kernel chosen again finds its results.
    """

    id: str
    title: str
    fingerprint: str
    options: str = "{}"
    exact: bool = True
    fallbacks: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        return dict(json.loads(self.options))
