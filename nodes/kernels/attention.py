"""A kernel of attention, chosen."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from meshloom.graph_runtime.spec import Choice, NodeError, Run, node
from meshloom.graph_runtime.types import Table
from meshloom.kernels.attention.catalogue import KERNELS
from meshloom.nodes.kernels._choosing import (
    availability,
    kernel_of,
    node_error,
    parse_options,
    parse_specs,
    value_of,
)
from meshloom.nodes.kernels._values import AttentionKernel


class Chosen(NamedTuple):
    """kernel: the choice, for what uses or compares kernels
    available: every kernel there is, whether it can be used here, why not and what would help
    """

    kernel: AttentionKernel
    available: Table


@node(
    "Attention kernel",
    aliases=("flash attention", "sdpa", "sage attention", "xformers", "cudnn", "flex", "triton"),
    cacheable=False,
)
def attention(
    kernel: Annotated[str, Choice(tuple(KERNELS), "meshloom.kernels.attention.refusals")] = "sdpa.default",
    shape: str = "b1 h24 n4096 d128 bf16",
    need: Literal["installed", "shape"] = "installed",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    lossy: bool = False,
    fallbacks: tuple[str, ...] = (),
    options: str = "",
    *,
    run: Run,
) -> Chosen:
    """Choose the kernel that attention is computed by.

    Looks at the machine each time it is asked, which takes milliseconds: what depends on the kernel follows its
    fingerprint (its source, options, library versions and the device), so going back to a kernel used before
    finds its results.

    kernel: sdpa.* and flex come with torch; own.* are Meshloom's; the others are packages of their own.
    shape: the call that the table of kernels answers for: b = batch, h = heads, hkv = heads of keys, n = length,
      nk = length of keys, d = head dimension, a dtype (bf16, fp16, fp32), causal, mask=key_padding.
    need: installed = the kernel must be on this machine; shape = it must also be able to compute the shape.
    device: auto = the accelerator if there is one.
    lossy: allow kernels that quantise; their results differ visibly.
    fallbacks: kernels to take, in order, for calls that this one cannot compute; none = such a call is an error.
    options: of kernels that have some, such as block_m=64 block_n=32 warps=4 of own.triton.
    """
    from meshloom.kernels.attention import registry
    from meshloom.kernels.attention.device import device_caps
    from meshloom.kernels.attention.kernel import AttentionError

    caps = device_caps(run.device if device == "auto" else device)
    (spec,) = _one(shape, caps.kind)
    chosen = kernel_of(kernel, parse_options(options))
    for name in fallbacks:
        kernel_of(name, {})
    installed = chosen.installed()
    if not installed:
        raise NodeError(f"{kernel} cannot be used: {installed.reason}", hint=installed.fix)
    if not chosen.exact and not lossy:
        raise NodeError(
            f"{kernel} quantises, so its results differ from exact attention",
            hint="set lossy to allow it, or choose a kernel that the table calls exact",
        )
    if need == "shape" and not fallbacks:
        try:
            registry.need(chosen, spec, caps)
        except AttentionError as error:
            raise node_error(error) from error
    return Chosen(value_of(chosen, caps, fallbacks), availability(spec, caps))


def _one(shape: str, device: str):  # type: ignore[no-untyped-def]
    specs = parse_specs(shape, device)
    if len(specs) > 1:
        raise NodeError(f"{len(specs)} shapes are given; expected one", hint="compare takes several")
    return specs
