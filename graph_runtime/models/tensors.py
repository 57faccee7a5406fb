"""Single networks in safetensors files that come with no configuration: what they are is told by their tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import PICKLES
from meshloom.graph_runtime.models.headers import Tensor, read_header

#: The layouts a file may have: by the network's name, shapes by tensor.
Layouts = Mapping[str, Mapping[str, tuple[int, ...]]]
_FLOATS = ("F64", "F32", "F16", "BF16")


def read_network(
    files: Sequence[Path], layouts: Layouts, own_name: Callable[[str], str | None], what: str
) -> tuple[str, dict[str, NDArray[np.float32]]]:
    """Which of ``layouts`` the files hold together, and its tensors as float32.

    ``own_name`` gives the name in the layouts for one in a file, ``None`` for what is not used; ``what`` is what the
    weights are for. Nothing is read of the weights before all are known to be there in the right shape. Raises
    :class:`ModelError` naming what is missing or of another shape.
    """
    held: dict[str, tuple[Path, str, Tensor]] = {}
    for file in files:
        if file.suffix.lower() in PICKLES:
            raise ModelError(
                f"{file.name} is pickled; weights for {what} are read from safetensors",
                f"write it as safetensors, without running anything in it: meshloom models convert {file}",
            )
        for name, tensor in read_header(file).items():
            own = own_name(name)
            if own is not None:
                held.setdefault(own, (file, name, tensor))
    names = ", ".join(file.name for file in files)
    if not held:
        raise ModelError(f"{names}: none of the tensors is one of {what}", f"expected {_kinds(layouts)}")
    network = max(layouts, key=lambda kind: _fit(held, layouts[kind]))
    lacking = [name for name in layouts[network] if name not in held]
    if lacking:
        raise ModelError(
            f"{names}: for {what} with {network}, {len(lacking)} of {len(layouts[network])} tensors are missing:"
            f" {_some(lacking)}",
            "give all files it is spread over, or another one",
        )
    other = [
        f"{held[name][1]} is {list(held[name][2].shape)}, expected {list(shape)}"
        for name, shape in layouts[network].items()
        if held[name][2].shape != shape
    ]
    if other:
        raise ModelError(
            f"{names} fits none of {_kinds(layouts)}; nearest {network}, but {_some(other)}",
            "give the file of that network",
        )
    return network, {name: _read(*held[name]) for name in layouts[network]}


def _read(file: Path, name: str, tensor: Tensor) -> NDArray[np.float32]:
    from safetensors import safe_open

    if tensor.dtype not in _FLOATS:
        raise ModelError(
            f"{file.name}: {name} is {tensor.dtype}; expected one of {', '.join(_FLOATS)}",
            "give weights that are not quantised",
        )
    # Through torch, since numpy knows no bfloat16.
    with safe_open(str(file), framework="pt") as opened:
        array: NDArray[np.float32] = opened.get_tensor(name).float().numpy()
    if not np.isfinite(array).all():
        raise ModelError(f"{file.name}: {name} holds values that are no finite numbers", "fetch it again")
    return array


def _fit(
    held: Mapping[str, tuple[Path, str, Tensor]], layout: Mapping[str, tuple[int, ...]]
) -> tuple[int, int]:
    """How many tensors of the layout are there in its shape, and, for ties, how many are not, negative."""
    fitting = sum(name in held and held[name][2].shape == shape for name, shape in layout.items())
    return fitting, fitting - len(layout)


def _kinds(layouts: Layouts) -> str:
    return " or ".join(layouts)


def _some(found: Sequence[str]) -> str:
    return ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
