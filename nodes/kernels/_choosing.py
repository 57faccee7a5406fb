"""From words in a form to kernels, and from what kernels say to errors a user can act on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Table
from meshloom.nodes.kernels._values import AttentionKernel

if TYPE_CHECKING:
    from meshloom.kernels.attention.device import DeviceCaps
    from meshloom.kernels.attention.kernel import AttentionError, Kernel
    from meshloom.kernels.attention.spec import AttnSpec


def parse_specs(text: str, device: str) -> list[AttnSpec]:
    """One spec a line; empty lines and what follows # are left out. Raises NodeError for what is none."""
    from meshloom.kernels.attention.spec import AttnSpec, SpecSyntaxError

    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    try:
        specs = [AttnSpec.parse(line, device) for line in lines if line]
    except SpecSyntaxError as error:
        raise NodeError(str(error), hint="b = batch, h = heads, n = length, d = head dimension") from error
    if not specs:
        raise NodeError("no shape is given", hint="write one a line, such as: b1 h24 n4096 d128 bf16")
    return specs


def parse_options(text: str) -> dict[str, int]:
    """``block_m=64, warps=4`` as numbers. Raises NodeError."""
    found = {}
    for word in text.replace(",", " ").split():
        name, equals, held = word.partition("=")
        if not equals or not held.lstrip("-").isdigit():
            raise NodeError(f"{word!r} is no option", hint="write name=number, such as block_m=64 warps=4")
        found[name] = int(held)
    return found


def node_error(error: AttentionError, before: str = "") -> NodeError:
    """What a kernel says, for the user of a node: what would help, and the end of a compiler's log."""
    return NodeError(f"{before}{error}", hint="\n".join(filter(None, (error.fix, error.log[-2000:]))))


def opened(chosen: AttentionKernel) -> Kernel:
    """The kernel that a value stands for. Raises NodeError."""
    return kernel_of(chosen.id, chosen.settings())


def label_of(chosen: AttentionKernel) -> str:
    """Its id, with the options that are not as usual; the id alone of a kernel that is not known here."""
    try:
        return opened(chosen).label
    except NodeError:
        return chosen.id


def kernel_of(kernel_id: str, options: dict[str, Any]) -> Kernel:
    from meshloom.kernels.attention import registry
    from meshloom.kernels.attention.kernel import AttentionError

    try:
        return registry.get(kernel_id, **options)
    except AttentionError as error:
        raise node_error(error) from error


def value_of(kernel: Kernel, device: DeviceCaps, fallbacks: tuple[str, ...] = ()) -> AttentionKernel:
    """The value that stands for ``kernel`` on ``device``."""
    options = json.dumps(kernel.chosen, sort_keys=True)
    return AttentionKernel(
        kernel.id, kernel.title, kernel.fingerprint(device), options, kernel.exact, fallbacks
    )


def availability(spec: AttnSpec, device: DeviceCaps) -> Table:
    """Every kernel there is, whether it can compute ``spec`` on ``device``, why not and what would help."""
    from meshloom.kernels.attention import registry

    rows = [
        (
            held.kernel.id,
            held.kernel.title,
            "yes" if held.verdict else "no",
            held.verdict.reason,
            held.verdict.fix,
            "exact" if held.kernel.exact else "lossy",
            held.kernel.licence,
        )
        for held in registry.explain(spec, device)
    ]
    return Table(
        ("kernel", "what", "usable", "why not", "what would help", "accuracy", "licence"), tuple(rows)
    )
