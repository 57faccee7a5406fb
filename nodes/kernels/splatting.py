"""A kernel of Gaussian splatting, chosen."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from meshloom.graph_runtime.spec import Choice, NodeError, Run, node
from meshloom.graph_runtime.types import SplattingKernel, Table
from meshloom.kernels.splatting.catalogue import DEFAULT, KERNELS


class Chosen(NamedTuple):
    """
    kernel: the choice, for what trains, draws or compares
    available: every kernel there is, whether it can be used here, why not and what would help
    """

    kernel: SplattingKernel
    available: Table


@node(
    "Splatting kernel",
    aliases=("gsplat", "rasteriser", "3dgs", "gaussian splatting", "backend", "cuda"),
    cacheable=False,
)
def splatting(
    kernel: Annotated[str, Choice(tuple(KERNELS), "meshloom.kernels.splatting.refusals")] = DEFAULT,
    check: bool = True,
    fallback: bool = False,
    *,
    run: Run,
) -> Chosen:
    """Choose what draws splats and takes gradients back.

    Looks at the machine each time it is asked. What depends on the kernel follows its fingerprint (its source,
    library versions and the device), so going back to a kernel used before finds its results.

    kernel: own.cpu runs everywhere; torch.tiles on any device of torch; gsplat on CUDA, with the package
    check: hold it against double precision first, pictures and all gradients: a second, once a fingerprint
    fallback: take own.cpu, with a warning, where the kernel cannot be used; without it that is an error
    """
    from meshloom.kernels.splatting import registry
    from meshloom.kernels.splatting.check import verify
    from meshloom.nodes.kernels._splats import availability, chosen_kernel

    held = chosen_kernel(kernel)
    verdict = held.usable()
    reason, fix = verdict.reason, verdict.fix
    if verdict and check and kernel != DEFAULT:

        def gate() -> str:
            report = verify(held, lambda share, name: run.progress(share, 1.0, f"checking {name}"))
            return "" if report.passed else str(report)

        reason = run.remember("gate", [held.id, held.fingerprint()], gate, str)
        fix = "choose own.cpu; kernels.compare_splatting shows how far off it is"
    if reason:
        if not fallback:
            raise NodeError(f"{kernel} cannot be used: {reason}", hint=fix)
        run.warn(f"{kernel} cannot be used: {reason}. Using {DEFAULT}")
        held = registry.get(DEFAULT)
    return Chosen(SplattingKernel(held.id, held.title, held.fingerprint()), availability())
