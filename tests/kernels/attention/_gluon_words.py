"""What _gluon_flash_kernel.py asks of Gluon and of a Hopper GPU, on a processor: slow, and suspicious.

Partitions are threads; TMA copies arrive late and in any order; products begin only when somebody waits for them, so
what is read too early or overwritten too soon gives wrong numbers. Shared memory begins as NaN. An mbarrier that is
never completed is an error after a while. Written from the PTX ISA and Gluon's documentation, not from the kernel.
"""

from __future__ import annotations

import contextlib
import importlib.util
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

#: Seconds after which a barrier that is waited for is taken to be stuck.
PATIENCE = 20.0
_place: list[int] = [0, 0]
_own = threading.local()


class Barrier:
    """An mbarrier: a phase ends when so many have arrived and so many bytes have come."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.count = self.pending = self.bytes = self.phase = 0

    def _update(self, arrived: int, expected: int) -> None:
        with self.changed:
            self.pending -= arrived
            self.bytes += expected
            assert self.pending >= 0, "more arrived than the barrier counts"
            if self.pending == 0 and self.bytes == 0:
                self.pending, self.phase = self.count, self.phase ^ 1
                self.changed.notify_all()


def _init(bar: Barrier, count: int) -> None:
    bar.count = bar.pending = count


def _wait(bar: Barrier, phase: int) -> None:
    with bar.changed:
        assert bar.changed.wait_for(lambda: bar.phase != phase, PATIENCE), "waits for ever"


def _arrive(bar: Barrier, count: int = 1) -> None:
    bar._update(count, 0)


def _expect(bar: Barrier, size: int) -> None:
    bar._update(1, size)


class Shared:
    """A place in shared memory, or a view of one. ``seen``: whether TMA may read what was stored."""

    def __init__(self, data: torch.Tensor, state: dict[str, bool]) -> None:
        self.data, self.state = data, state

    def index(self, at: int) -> Shared:
        return Shared(self.data[at], self.state)

    def reshape(self, shape: list[int]) -> Shared:
        return Shared(self.data.view(shape), self.state)

    def permute(self, order: tuple[int, ...]) -> Shared:
        return Shared(self.data.permute(order), self.state)

    def store(self, value: torch.Tensor) -> None:
        assert value.dtype == self.data.dtype
        self.data.copy_(value)
        _own.unfenced = self.state
        self.state["fenced"] = False


class Bars:
    def __init__(self, count: int) -> None:
        self.bars = [Barrier() for _ in range(count)]

    def index(self, at: int) -> Barrier:
        assert at >= 0
        return self.bars[at]


def _allocate(dtype: Any, shape: list[int], layout: Any) -> Any:
    if dtype == "int64":
        return Bars(shape[0])
    return Shared(torch.full(shape, torch.nan, dtype=dtype), {"fenced": True})


def _fence() -> None:
    _own.unfenced["fenced"] = True


class Descriptor:
    """A tensor as TMA sees it: boxes of it, zeros outside."""

    def __init__(self, tensor: torch.Tensor, box: list[int]) -> None:
        self.tensor, self.box, self.layout = tensor, box, None

    def _slices(self, at: list[int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        outer, inner = [], []
        for first, length, whole in zip(at, self.box, self.tensor.shape, strict=True):
            count = max(0, min(length, whole - first))
            outer.append(slice(first, first + count))
            inner.append(slice(0, count))
        return tuple(outer), tuple(inner)

    def read(self, at: list[int]) -> torch.Tensor:
        found = torch.zeros(self.box, dtype=self.tensor.dtype)
        outer, inner = self._slices(at)
        found[inner] = self.tensor[outer]
        return found


def _load(source: Descriptor, at: list[int], bar: Barrier, to: Shared) -> None:
    def later() -> None:
        time.sleep(random.random() * 2e-3)
        found = source.read(at)
        to.data.copy_(found)
        with contextlib.suppress(AssertionError):  # whoever waits for it will say so
            bar._update(0, -found.numel() * found.element_size())

    threading.Thread(target=later).start()


def _store(target: Descriptor, at: list[int], source: Shared) -> None:
    assert source.state["fenced"], "TMA may not see what was stored: fence_async_shared is missing"
    outer, inner = target._slices(at)
    _own.stores = [*getattr(_own, "stores", []), lambda: target.tensor[outer].copy_(source.data[inner])]


def _store_wait(pending: int) -> None:
    while len(_own.stores) > pending:
        _own.stores.pop(0)()


class Product:
    """A product under way, without a value until waited for."""

    def __init__(self, work: Callable[[], torch.Tensor]) -> None:
        self.work, self.value = work, None


def _mma(a: Any, b: Shared, acc: torch.Tensor, use_acc: bool = True, is_async: bool = False) -> Product:
    assert is_async

    def work() -> torch.Tensor:
        left = (a.data if isinstance(a, Shared) else a).float()
        found = left @ b.data.float()
        return found + acc if use_acc else found

    product = Product(work)
    _own.queue = [*getattr(_own, "queue", []), product]
    return product


def _mma_wait(pending: int, deps: list[Product]) -> torch.Tensor:
    while len(_own.queue) > pending:
        done = _own.queue.pop(0)
        done.value = done.work()
    (product,) = deps
    assert product.value is not None, "used before it was waited for"
    return product.value


def _specialize(parts: list[tuple[Any, tuple[Any, ...]]], warps: list[int], registers: list[int]) -> None:
    faults: list[BaseException] = []

    def guarded(function: Any, arguments: tuple[Any, ...]) -> None:
        try:
            function(*arguments)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=guarded, args=part) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def _either(whole: Callable[..., Any], tensors: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b: tensors(a, b) if isinstance(a, torch.Tensor) else whole(a, b)


def load(path: Path) -> ModuleType:
    """The module at ``path`` with these words in place of Gluon's."""
    layouts = ("NVMMADistributedLayout", "DotOperandLayout", "SliceLayout")
    language = SimpleNamespace(
        program_id=lambda axis: _place[axis],
        allocate_shared_memory=_allocate,
        warp_specialize=_specialize,
        static_range=range,
        arange=lambda first, last, layout: torch.arange(first, last),
        full=lambda shape, value, dtype, layout: torch.full(shape, value, dtype=dtype),
        convert_layout=lambda value, layout: value,
        expand_dims=lambda value, axis: value.unsqueeze(axis),
        where=torch.where,
        exp2=torch.exp2,
        max=lambda value, axis: value.amax(axis),
        sum=lambda value, axis: value.sum(axis),
        maximum=_either(max, torch.maximum),
        minimum=_either(min, torch.minimum),
        float32=torch.float32,
        int64="int64",
        **{name: lambda *_: None for name in layouts},
    )
    bars = {
        "init": _init,
        "wait": _wait,
        "arrive": _arrive,
        "expect": _expect,
        "MBarrierLayout": lambda: None,
    }
    hopper = SimpleNamespace(
        fence_async_shared=_fence,
        mbarrier=SimpleNamespace(**bars),
        tma=SimpleNamespace(async_load=_load, async_store=_store, store_wait=_store_wait),
        warpgroup_mma=_mma,
        warpgroup_mma_wait=_mma_wait,
    )
    root = "triton.experimental"
    words = {
        root: SimpleNamespace(gluon=SimpleNamespace(jit=lambda function: function)),
        f"{root}.gluon": SimpleNamespace(language=language),
        f"{root}.gluon.language.nvidia.hopper": hopper,
    }
    held = {name: sys.modules.get(name) for name in words}
    sys.modules.update(words)  # type: ignore[arg-type]
    try:
        spec = importlib.util.spec_from_file_location("gluon_on_a_processor", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        for name, old in held.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old
    return module


def launch(function: Callable[..., None], grid: tuple[int, int], *arguments: Any, **constants: Any) -> None:
    """Each program of the grid, one after the other."""
    for x in range(grid[0]):
        for y in range(grid[1]):
            _place[:] = [x, y]
            function(*arguments, **constants)
