"""A kernel of attention that you wrote."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.spec import NodeError, OpenFile, Range, Run, node
from meshloom.nodes.kernels._choosing import kernel_of, parse_options, value_of
from meshloom.nodes.kernels._values import AttentionKernel


@node(
    "CUDA kernel of your own",
    aliases=("attention", "cuda", "nvrtc", "flash attention", "own kernel", "register"),
    cacheable=False,
)
def cuda_source(
    file: Annotated[Path, OpenFile(("*.cu",))] = Path(),
    macros: str = "",
    head_dim: Annotated[int, Range(8, 256, 8)] = 128,
    block_m: Annotated[int, Range(1, 1024)] = 64,
    threads: Annotated[int, Range(32, 1024, 32)] = 128,
    shared: Annotated[int, Range(0, 232448, 16, unit="B")] = 0,
    *,
    run: Run,
) -> AttentionKernel:
    """Put an attention kernel written in CUDA C++ into the race: compiled by NVRTC, no nvcc and no rebuild.

    Edit the file, run again: what uses the kernel follows its source. kernels.report tells its registers, spills
    and occupancy without a GPU; on one it passes the gate in a process of its own before it computes anything.

    The file has one function: extern "C" __global__ void attend(const unsigned short *q, *k, *v, unsigned short *out,
    float scale, int nq, int nk, int heads, int group, Place q_at, Place k_at, Place v_at, Place out_at), where struct
    Place { long long batch, row, head; } holds strides in elements, scale is that of the logits times log2(e) and
    group is query heads a key head. A program computes block_m queries of head blockIdx.y % heads of batch
    blockIdx.y / heads. Macros HEAD, BF16 (else fp16) and CAUSAL are given. Queries, keys and values may be views:
    16 bytes of a row lie side by side and aligned. kernels/attention/impl/mma_flash.cu is one to begin with
    (macros BLOCK_N=32 QUERY_IN_REGISTERS=0 MIN_CTAS=4, shared 34816 for a head dimension of 128).

    file: the source.
    macros: NAME=number, several apart by spaces: variants of one source are kernels of their own.
    head_dim: that it is for.
    block_m: queries of a program.
    threads: of a program.
    shared: dynamic shared memory of a program.
    """
    from meshloom.kernels.attention.device import device_caps

    try:
        source = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NodeError(
            f"{file.name} is no text", hint="choose a source in CUDA C++, such as attention.cu"
        ) from error
    if not re.search(r"\battend\s*\(", source):
        raise NodeError(
            f'{file.name} has no function attend; expected extern "C" __global__ void attend(...)',
            hint="the help of this node says what it takes",
        )
    words = parse_options(macros)
    said = ",".join(f"{name}={held}" for name, held in words.items())
    kernel = kernel_of(
        "own.cuda",
        {
            "name": f"{file.name},{said}" if said else file.name,
            "source": source,
            "macros": [list(pair) for pair in words.items()],
            "head_dim": head_dim,
            "block_m": block_m,
            "threads": threads,
            "shared": shared,
        },
    )
    installed = kernel.installed()
    if not installed:
        raise NodeError(f"{file.name} cannot be compiled: {installed.reason}", hint=installed.fix)
    return value_of(kernel, device_caps(run.device))
