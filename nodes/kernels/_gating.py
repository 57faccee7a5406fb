"""The gate before kernels are timed inside a model: adversarial inputs, and what the model itself computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.kernels._choosing import kernel_of, node_error, opened
from meshloom.nodes.kernels._values import AttentionKernel

if TYPE_CHECKING:
    from meshloom.kernels.attention.inputs import Call


def gate(
    chosen: AttentionKernel,
    captured: Sequence[tuple[str, Call]],
    progress: Callable[[float, str], None] = lambda share, name: None,
) -> str:
    """What was checked, in a few words. Raises NodeError for a call it cannot compute, or a wrong result.

    ``captured``: calls of the model, one of each kind at least. Fallbacks pass the gate for what they are to take.
    """
    from meshloom.kernels.attention import isolated, registry
    from meshloom.kernels.attention.check import verify
    from meshloom.kernels.attention.device import device_caps
    from meshloom.kernels.attention.kernel import AttentionError

    left, ran, seen = list(captured), 0, 0
    for kernel in (opened(chosen), *(kernel_of(name, {}) for name in chosen.fallbacks)):
        able = [
            (name, call) for name, call in left if kernel.supports(call.spec, device_caps(call.spec.device))
        ]
        left = [pair for pair in left if pair not in able]
        if not able:
            continue
        specs = [call.spec for _, call in able]
        try:
            isolated.clear(kernel, specs[0].device)
        except AttentionError as error:
            raise node_error(error, "the gate: ") from error
        report = verify(
            kernel,
            specs[0].device,
            sorted({spec.dtype for spec in specs}),
            sorted({spec.d for spec in specs}),
            able,
            progress,
        )
        if not report.passed:
            raise NodeError(f"the gate: {report}", hint="choose another kernel")
        ran += sum(held.status == "pass" for held in report.results)
        seen += len(able)
    if left:
        try:
            registry.need(opened(chosen), left[0][1].spec)
        except AttentionError as error:
            raise node_error(error) from error
    return f"passes {ran - seen} cases and {seen} calls of the model"
