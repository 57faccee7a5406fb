"""The ids of all kernels and the module of ``impl/`` that holds each. Imports nothing, so a form can list them."""

from __future__ import annotations

KERNELS: dict[str, str] = {
    "reference.fp64": "reference",
    "sdpa.math": "sdpa",
    "sdpa.flash": "sdpa",
    "sdpa.efficient": "sdpa",
    "sdpa.cudnn": "sdpa",
    "sdpa.default": "sdpa",
    "flex": "flex",
    "flash_attn.2": "flash_attn",
    "flash_attn.3": "flash_attn",
    "flash_attn.4": "flash_attn",
    "sage.1": "sage",
    "sage.2": "sage",
    "sage.3": "sage",
    "xformers": "xformers",
    "hub.flash_attn_2": "hub",
    "hub.flash_attn_3": "hub",
    "hub.sage": "hub",
    "own.cpu_bf16": "cpu_bf16",
    "own.triton": "triton_flash",
    "own.gluon": "gluon_flash",
    "own.mma_low": "cuda_mma",
    "own.mma_high": "cuda_mma",
    "own.cuda": "cuda_source",
}
