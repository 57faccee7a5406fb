"""Our attention for processors with AVX512-BF16: twice as many products an instruction as float32.

torch's own on such a processor is no faster in bf16 than in float32. Compiled by numba on first use, so no
compiler is needed on the machine.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import Any

import torch

from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.kernel import EVERY_MASK, Kernel, Limits
from meshloom.kernels.attention.masks import four_dimensions
from meshloom.kernels.attention.spec import AttnSpec
from meshloom.kernels.registry import YES, Verdict, no

LOG2_E = 1.4426950408889634
_HERE = Path(__file__).parent


class CpuBf16(Kernel):
    id = "own.cpu_bf16"
    title = "Meshloom, AVX512-BF16"
    source = "own"
    licence = "Apache-2.0"
    packages = ("numpy", "numba")
    install = "pip install numba"
    sources = (_HERE / "_cpu_bf16_kernel.py", _HERE / "_cpu_bf16_tile.py")
    limits = Limits(("cpu",), ("bf16",), 512, 32, masks=EVERY_MASK, value_dim=True)
    writes_out = True

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        if "avx512_bf16" not in device.features:
            return no(f"needs a processor with AVX512-BF16; {device.name} has none", "use sdpa.flash")
        return YES

    def run(self, q, k, v, mask, causal, scale, out):  # type: ignore[no-untyped-def]
        import numpy as np

        from meshloom.kernels.attention.impl._cpu_bf16_kernel import KEYS, QUERIES, WIDTH, attend, pack

        batch, queries, heads, d = q.shape
        count, groups, wide = k.shape[1], k.shape[2], v.shape[3]
        size = min(KEYS, ceil(count / WIDTH) * WIDTH)
        blocks = ceil(count / size)
        pairs_q, pairs_k = _pairs(q), _pairs(k)
        bits_v, bits_out = _bits(v), _bits(out)
        bias, none = _bias(mask), np.empty((0, 0), np.float32)
        keys = np.empty((batch, groups, blocks, size // WIDTH, d // 2, WIDTH), np.int32)
        values = np.empty((batch, groups, blocks, wide // WIDTH, size // 2, WIDTH), np.int32)

        healthy = np.zeros((batch, groups), bool)

        def lay_out(place: tuple[int, int]) -> None:
            b, g = place
            healthy[b, g] = pack(pairs_k[b, :, g], bits_v[b, :, g], keys[b, g], values[b, g])

        def compute(place: tuple[int, int, int]) -> None:
            b, h, first = place
            g = h * groups // heads
            added = bias[b % len(bias), h % bias.shape[1]] if bias is not None else none
            attend(
                pairs_q[b, :, h],
                keys[b, g],
                values[b, g],
                added,
                bits_out[b, :, h],
                count,
                np.float32(scale * LOG2_E),
                causal,
                bool(healthy[b, g]),
                first,
                min(queries, first + step),
            )

        threads = torch.get_num_threads()
        # A few parts for each thread, so that none waits long for the last.
        parts = max(1, ceil(4 * threads / (batch * heads)))
        step = ceil(queries / parts / QUERIES) * QUERIES
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lay_out, [(b, g) for b in range(batch) for g in range(groups)]))
            starts = range(0, queries, step)
            list(pool.map(compute, [(b, h, s) for b in range(batch) for h in range(heads) for s in starts]))
        return out


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    """With elements of a head side by side and pairs at even places, as the loads need."""
    tensor = tensor.detach()
    fits = (
        tensor.stride(3) == 1
        and all(s % 2 == 0 for s in tensor.stride()[:3])
        and tensor.storage_offset() % 2 == 0
    )
    return tensor if fits else tensor.contiguous()


def _pairs(tensor: torch.Tensor) -> Any:
    return _plain(tensor).view(torch.int32).numpy()


def _bits(tensor: torch.Tensor) -> Any:
    import numpy as np

    return tensor.detach().view(torch.int16).numpy().view(np.uint16)


def _bias(mask: torch.Tensor | None) -> Any:
    """(B|1, H|1, Nq|1, Nk) float32 in base 2, finite."""
    if mask is None:
        return None
    from meshloom.kernels.attention.impl._cpu_bf16_kernel import DEAD, LEAST

    mask = four_dimensions(mask)
    if mask.dtype == torch.bool:
        bias = torch.zeros(mask.shape).masked_fill_(~mask, DEAD)
    else:
        dead = mask == -torch.inf
        bias = (mask.float() * LOG2_E).clamp_(min=LEAST, max=-LEAST).masked_fill_(dead, DEAD)
    return bias.numpy()


KERNELS = (CpuBf16,)
