"""What a kernel of ours takes of a GPU, from its machine code."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import Multiline, NodeError, Run, node
from meshloom.graph_runtime.types import Figure, Series, Table
from meshloom.nodes.kernels._choosing import node_error, opened, parse_specs
from meshloom.nodes.kernels._values import AttentionKernel


class Reported(NamedTuple):
    """table: a row a variant and architecture
    figure: registers a thread, a bar a row
    """

    table: Table
    figure: Figure


@node("Kernel report", aliases=("registers", "occupancy", "spills", "shared memory", "sass", "ptx", "hopper"))
def report(
    kernel: AttentionKernel,
    shapes: Annotated[str, Multiline()] = "b1 h24 n4096 d128 bf16",
    architectures: tuple[str, ...] = ("sm_80", "sm_89", "sm_90"),
    *,
    run: Run,
) -> Reported:
    """Compile a kernel of ours for GPUs that need not be there, and tell its registers, spills and occupancy.

    Occupancy is by NVIDIA's tables of what a multiprocessor has (CUDA C++ Programming Guide). Instructions are
    counted in the machine code: HMMA and HGMMA are products on tensor cores.

    kernel: own.triton, own.gluon (sm_90), own.mma_low or own.mma_high; kernels of others come compiled.
    shapes: one a line, as in kernels.compare; head dimension, dtype, causal and mask decide the machine code.
    architectures: sm_80 = A100, sm_86 = RTX 30, sm_89 = RTX 40, sm_90 = H100 and H200.
    """
    from meshloom.kernels.attention.isolated import call_main
    from meshloom.kernels.attention.kernel import AttentionError
    from meshloom.kernels.attention.resources import MULTIPROCESSORS

    held = opened(kernel)
    known = [f"sm_{number}" for number in MULTIPROCESSORS]
    unknown = [name for name in architectures if name.rstrip("a") not in known]
    if unknown or not architectures:
        raise NodeError(
            f"no such architecture: {', '.join(unknown) or 'none'}", hint=f"of {', '.join(known)}"
        )
    specs = parse_specs(shapes, "cuda")
    if not held.compiles:
        raise NodeError(
            f"{kernel.id} is not compiled by us",
            hint="choose own.triton, own.gluon, own.mma_low or own.mma_high",
        )
    if not held.installed():
        raise NodeError(
            f"{kernel.id} cannot be compiled: {held.installed().reason}", hint=held.installed().fix
        )
    fitting = [arch for arch in architectures if held.compiles_for(arch)]
    for arch in architectures:
        if arch not in fitting:
            run.warn(f"{kernel.id} is not for {arch}: left out")
    if not fitting:
        raise NodeError(
            f"{kernel.id} is not for {', '.join(architectures)}", hint="own.triton is for all of them"
        )
    rows = []
    wanted = [(spec, arch) for spec in specs for arch in fitting]
    for index, (spec, arch) in enumerate(wanted):
        run.progress(index, len(wanted), f"compiling for {arch}")
        words = ("compile", kernel.id, "--options", kernel.options, "--spec", str(spec), "--arch", arch)
        try:
            found = call_main(*words, env={"TRITON_INTERPRET": "0"})
        except AttentionError as error:
            raise node_error(error) from error
        rows += [(str(spec), one) for one in found]
    run.progress(1, 1, "done")
    columns = (
        *(
            "shape",
            "kernel",
            "variant",
            "architecture",
            "registers",
            "spilled bytes",
            "shared KiB",
            "threads",
        ),
        *("CTAs per SM", "occupancy %", "limited by", "tensor core products", "exponentials", "instructions"),
        "seconds to compile",
    )
    table = tuple(
        (
            spec,
            one["kernel"],
            one["variant"],
            one["arch"],
            one["registers"],
            one["spilled"],
            round(one["shared"] / 1024, 1),
            one["threads"],
            one["ctas"],
            round(100 * one["occupancy"], 1),
            one["limit"],
            sum(one["opcodes"].get(name, 0) for name in ("HMMA", "HGMMA", "QGMMA", "IMMA")),
            one["opcodes"].get("MUFU.EX2", 0),
            one["opcodes"]["all"],
            round(one["seconds"], 2),
        )
        for spec, one in rows
    )
    places = np.arange(1, len(rows) + 1, dtype=float)
    bars = Series("registers", places, np.array([one["registers"] for _, one in rows], float), "bars")
    return Reported(Table(columns, table), Figure("Registers", "row", "registers a thread", (bars,)))
