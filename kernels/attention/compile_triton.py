"""A Triton kernel compiled for a GPU that need not be there, and what its machine code takes.

To be called in a process started without TRITON_INTERPRET (see :mod:`isolated`).
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meshloom.kernels.attention.kernel import AttentionError
from meshloom.kernels.attention.resources import Resources, from_cubin


def compiled(
    function: Any,
    kernel: str,
    variant: str,
    arch: str,
    pointers: Mapping[str, str],
    constants: Mapping[str, Any],
    *,
    warps: int,
    stages: int,
    registers: int | None = None,
    floats: tuple[str, ...] = ("scale",),
) -> Resources:
    """Compile ``function`` (of ``triton.jit`` or ``gluon.jit``) for ``arch``; arguments not named are i32.

    Pointers and the strides of rows are taken to be multiples of 16, as they are in practice; in Gluon
    ``pointers`` may be descriptors of TMA. ``registers``: the most of a thread. Raises :class:`AttentionError`
    with the compiler's log.
    """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    names = list(inspect.signature(function.fn).parameters)
    signature = dict.fromkeys(names, "i32") | dict(pointers) | dict.fromkeys(floats, "fp32")
    signature |= dict.fromkeys(constants, "constexpr")
    aligned = {*pointers, *(name for name in names if name.endswith(("_row", "_head", "_batch")))}
    attributes = {(index,): [["tt.divisibility", 16]] for index, name in enumerate(names) if name in aligned}
    places = {(names.index(name),): value for name, value in constants.items()}
    gluon = getattr(function, "is_gluon", bool)()
    if gluon:
        from triton.experimental.gluon._runtime import GluonASTSource

        attributes = {}  # a descriptor says of itself how it is aligned
    target = GPUTarget("cuda", int(arch.removeprefix("sm_").rstrip("a")), 32)
    began = time.perf_counter()
    try:
        held = triton.compile(
            (GluonASTSource if gluon else ASTSource)(function, signature, places, attributes),
            target=target,
            options={
                "num_warps": warps,
                "num_stages": stages,
                "enable_fp_fusion": True,
                **({"maxnreg": registers} if registers else {}),
            },
        )
    except Exception as error:
        raise AttentionError(
            f"{kernel} ({variant}) does not compile for {arch}: {error}", log=str(error)
        ) from error
    seconds = time.perf_counter() - began
    tools = Path(triton.__file__).parent / "backends" / "nvidia" / "bin"
    return from_cubin(
        held.asm["cubin"],
        tools / "cuobjdump",
        kernel=kernel,
        variant=variant,
        arch=arch,
        threads=32 * held.metadata.num_warps,
        shared=held.metadata.shared,
        seconds=seconds,
    )
