"""Kernels built by Hugging Face's hub, loaded by the package ``kernels``.

https://github.com/huggingface/kernels. A build fetched from there is native code: it is used only when it lies in
the local cache already or ``MESHLOOM_HUB_KERNELS=1`` allows fetching.
"""

from __future__ import annotations

import functools
import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from meshloom.kernels.attention.kernel import AttentionError, Kernel, Limits
from meshloom.kernels.registry import YES, Verdict, no

ALLOW = "MESHLOOM_HUB_KERNELS"


@functools.cache
def _fetched(repository: str) -> Any:
    try:
        from kernels import get_kernel

        return get_kernel(repository)
    except Exception as error:  # whatever the hub, the disk or the loader says
        raise AttentionError(f"{repository} could not be fetched: {error}", "try again online") from error


class _Hub(Kernel):
    source = "hub"
    risky = True
    packages = ("kernels",)
    install = "pip install kernels"
    repository: str

    def installed(self) -> Verdict:
        try:
            version("kernels")
        except PackageNotFoundError:  # a folder called so, such as ours where Python starts in it, is not it
            return no("kernels is not installed", self.install)
        if os.environ.get(ALLOW) != "1":
            return no(
                f"{self.repository} is native code from the Hugging Face hub",
                f"set {ALLOW}=1 to allow fetching it",
            )
        return YES

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        found = _fetched(self.repository).flash_attn_func(q, k, v, softmax_scale=scale, causal=causal)
        return found[0] if isinstance(found, tuple) else found


class FlashTwo(_Hub):
    id = "hub.flash_attn_2"
    title = "FlashAttention-2 from the hub"
    repository = "kernels-community/flash-attn2"
    limits = Limits(("cuda",), ("fp16", "bf16"), 256, 8, (80, 999))


class FlashThree(_Hub):
    id = "hub.flash_attn_3"
    title = "FlashAttention-3 from the hub"
    repository = "kernels-community/flash-attn3"
    limits = Limits(("cuda",), ("fp16", "bf16"), 256, 8, (90, 90))


class Sage(_Hub):
    id = "hub.sage"
    title = "SageAttention from the hub"
    exact = False
    licence = "Apache-2.0"
    repository = "kernels-community/sage-attention"
    limits = Limits(("cuda",), ("fp16", "bf16"), 128, 8, (80, 120), ragged_causal=False)

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        held = _fetched(self.repository)
        return held.sageattn(q, k.clone(), v, tensor_layout="NHD", is_causal=causal, sm_scale=scale)


KERNELS = (FlashTwo, FlashThree, Sage)
