"""The ids of all kernels and the module of ``impl/`` that holds each. Imports nothing, so a form can list them."""

from __future__ import annotations

KERNELS: dict[str, str] = {
    "own.cpu": "own_cpu",
    "torch.tiles": "by_torch",
    "reference.fp64": "by_torch",
    "gsplat": "by_gsplat",
}
DEFAULT = "own.cpu"
