"""How CUDA C++ sources of attention are compiled, launched and looked at: the interface they all have.

``extern "C" __global__ void attend(const Half *q, const Half *k, const Half *v, Half *out, float scale, int nq,
int nk, int heads, int group, Place q_at, Place k_at, Place v_at, Place out_at)``, with ``struct Place { long long
batch, row, head; }`` the strides in elements and ``scale`` that of the logits times log2(e). Grid: (blocks of
queries, batch x heads). Macros HEAD, BF16 (else fp16) and CAUSAL are always given.
"""

from __future__ import annotations

import ctypes
import functools
import math
import time
from dataclasses import dataclass
from typing import Any

from meshloom.kernels.attention.compile_cuda import Function, compile_cuda, find_cuobjdump
from meshloom.kernels.attention.kernel import AttentionError
from meshloom.kernels.attention.resources import Resources, from_cubin
from meshloom.kernels.attention.spec import AttnSpec

LOG2_E = 1.4426950408889634


class Place(ctypes.Structure):
    """Strides in elements, as the kernel has them."""

    _fields_ = (("batch", ctypes.c_longlong), ("row", ctypes.c_longlong), ("head", ctypes.c_longlong))

    @classmethod
    def of(cls, tensor: Any) -> Place:
        return cls(*tensor.stride()[:3])


@dataclass(frozen=True)
class Program:
    """A source with all that its compilation and launch need. ``shared``: bytes of dynamic shared memory."""

    source: str
    name: str
    defines: tuple[tuple[str, int], ...]
    block_m: int
    threads: int
    shared: int


def aligned(tensor: Any) -> bool:
    """Whether 16 bytes can be copied at once from every row."""
    strides = tensor.stride()
    return strides[3] == 1 and all(held % 8 == 0 for held in strides[:3]) and tensor.data_ptr() % 16 == 0


@functools.cache
def _function(program: Program, arch: str, device: int) -> Function:
    """``device``: its number; a module belongs to the context of one."""
    cubin = compile_cuda(program.source, program.name, arch, dict(program.defines))
    return Function(cubin, "attend", program.shared)


def launch(
    kernel_id: str, program: Program, q: Any, k: Any, v: Any, causal: bool, scale: float, out: Any
) -> Any:
    """Compute on the current stream of ``q``'s device. Raises :class:`AttentionError`."""
    import torch

    if not scale > 0:
        raise AttentionError(f"{kernel_id}: the scale is {scale}; expected a number above 0")
    q, k, v = (t if aligned(t) else t.contiguous() for t in (q, k, v))
    spec = AttnSpec.of(q, k, v, None, causal)
    major, minor = torch.cuda.get_device_capability(q.device)
    with torch.cuda.device(q.device):
        function = _function(program, f"sm_{major}{minor}", torch.cuda.current_device())
        pointers = [ctypes.c_void_p(tensor.data_ptr()) for tensor in (q, k, v, out)]
        sizes = [ctypes.c_int(held) for held in (spec.nq, spec.nk, spec.hq, spec.hq // spec.hkv)]
        strides = [Place.of(tensor) for tensor in (q, k, v, out)]
        function.launch(
            (math.ceil(spec.nq / program.block_m), spec.b * spec.hq),
            program.threads,
            torch.cuda.current_stream().cuda_stream,
            [*pointers, ctypes.c_float(scale * LOG2_E), *sizes, *strides],
        )
    return out


def report(kernel_id: str, variant: str, program: Program, arch: str) -> Resources:
    """What its machine code for ``arch`` takes. Raises :class:`AttentionError`."""
    cuobjdump = find_cuobjdump()
    if cuobjdump is None:
        raise AttentionError("cuobjdump is not installed", 'pip install "meshloom[kernels]"')
    began = time.perf_counter()
    cubin = compile_cuda(program.source, program.name, arch, dict(program.defines))
    return from_cubin(
        cubin,
        cuobjdump,
        kernel=kernel_id,
        variant=variant,
        arch=arch,
        threads=program.threads,
        shared=program.shared,
        seconds=time.perf_counter() - began,
    )
