"""Around a pipeline that runs: the one lock, adaptations and patches put on and taken off, cancel, out of memory."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.estimate import TooLarge
from meshloom.graph_runtime.models.loading import EXECUTION, Loaded, Parts, modules, open_pipeline
from meshloom.graph_runtime.models.patches import applied
from meshloom.graph_runtime.models.values import Lora, ModelRef
from meshloom.graph_runtime.spec import Run

T = TypeVar("T")

#: How often somebody who waits for the pipeline looks whether they are still wanted (seconds).
_PATIENCE = 0.1

#: Adaptations kept loaded beside those in use, so that trying one after the other does not fill the memory.
_MOST_ADAPTERS = 6


def with_pipeline(ref: ModelRef, run: Run, parts: Parts, work: Callable[[Loaded], T]) -> T:
    """``work`` with the pipeline of ``ref``, its adaptations and patches on; out of memory is tried once more.

    The second time every other warm model has been let go, weights are offloaded and pictures are decoded in
    tiles. Raises :class:`ModelError` if that is too much as well.
    """
    try:
        return _once(ref, run, parts, work)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        said = in_a_line(error)
    # Outside the handler: while it runs, the traceback keeps every tensor of the failed attempt alive.
    run.make_room()
    _collect()
    smaller = _smaller(ref, run)
    run.warn(f"out of memory ({said}): let other models go, {_done_about_it(ref, smaller)}, trying once more")

    def tiled(loaded: Loaded) -> T:
        vae: Any = getattr(loaded.pipe, "vae", None)
        if hasattr(vae, "enable_tiling"):
            vae.enable_tiling()
        return work(loaded)

    try:
        return _once(smaller, run, parts, tiled)
    except Exception as error:
        if isinstance(error, TooLarge) or not is_out_of_memory(error):
            raise
    run.make_room()
    _collect()
    raise ModelError(
        f"out of memory, also after letting other models go and trying again: {said}",
        "make a smaller picture, take fewer or smaller references, or choose a quantisation such as float8",
    )


def _smaller(ref: ModelRef, run: Run) -> ModelRef:
    if run.device == "cpu" or ref.device == "cpu":
        return ref
    steps = {"none": "model", "model": "sequential", "sequential": "sequential"}
    return dataclasses.replace(ref, offload=steps[ref.offload])


def _done_about_it(before: ModelRef, after: ModelRef) -> str:
    return "decoding in tiles" if before.offload == after.offload else f"offload {after.offload}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any device."""
    if isinstance(error, (MemoryError, TooLarge)) or type(error).__name__ in (
        "OutOfMemoryError",
        "AcceleratorOutOfMemoryError",
    ):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in said or "can't allocate memory" in said)


def in_a_line(error: BaseException) -> str:
    """What a library says, in a line for a message."""
    said = str(error).strip()
    return said.splitlines()[0][:300] if said else type(error).__name__


def _collect() -> None:
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _once(ref: ModelRef, run: Run, parts: Parts, work: Callable[[Loaded], T]) -> T:
    loaded = open_pipeline(ref, run, parts)
    with (
        _alone(run),
        _adapted(loaded, ref.loras),
        applied(loaded.pipe, ref.patches, run.warn),
        _stoppable(loaded.pipe, run),
        _no_gradients(),
    ):
        return work(loaded)


@contextlib.contextmanager
def _no_gradients() -> Iterator[None]:
    import torch

    with torch.no_grad():
        yield


@contextlib.contextmanager
def _alone(run: Run) -> Iterator[None]:
    """The lock of execution. A node that was cancelled may still be in its last step."""
    while not EXECUTION.acquire(timeout=_PATIENCE):
        run.check()
    try:
        yield
    finally:
        EXECUTION.release()


@contextlib.contextmanager
def _stoppable(pipe: Any, run: Run) -> Iterator[None]:
    """See a cancel before each block of each network, not only after a step: a step may take a minute."""
    import torch

    def look(*_: object) -> None:
        run.check()

    handles = [
        block.register_forward_pre_hook(look)
        for part in modules(pipe).values()
        for held in part.modules()
        if isinstance(held, torch.nn.ModuleList)
        for block in held
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def _adapted(loaded: Loaded, loras: Sequence[Lora]) -> Iterator[None]:
    """Adaptations on, in the strengths asked for; off afterwards. Loaded once, a strength costs nothing."""
    if not loras:
        yield
        return
    pipe = loaded.pipe
    if not hasattr(pipe, "load_lora_weights"):
        raise ModelError(f"{type(pipe).__name__} takes no adaptations (LoRA)", "take models.add_lora out")
    names = [f"l{lora.digest[:20]}" for lora in loras]
    for lora, name in zip(loras, names, strict=True):
        if name not in loaded.adapters:
            _load_lora(pipe, lora, name)
        else:
            loaded.adapters.remove(name)
        loaded.adapters.append(name)
    while len(loaded.adapters) > max(_MOST_ADAPTERS, len(names)):
        pipe.delete_adapters(loaded.adapters.pop(0))
    strengths: dict[str, float] = {}
    for lora, name in zip(loras, names, strict=True):  # the same one twice adds up
        strengths[name] = strengths.get(name, 0.0) + lora.strength
    pipe.enable_lora()
    pipe.set_adapters(list(strengths), list(strengths.values()))
    try:
        yield
    finally:
        pipe.disable_lora()


def _load_lora(pipe: Any, lora: Lora, name: str) -> None:
    from meshloom.graph_runtime.models.headers import read_header

    path = Path(lora.file)
    read_header(path)
    try:
        pipe.load_lora_weights(
            str(path.parent), weight_name=path.name, adapter_name=name, local_files_only=True
        )
    except (ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path.name} does not fit {type(pipe).__name__}: {in_a_line(error)}",
            "an adaptation fits the model it was trained on; check which that is",
        ) from error
    held = {key for part in modules(pipe).values() for key in getattr(part, "peft_config", {})}
    if name not in held:
        raise ModelError(
            f"{path.name} holds no adaptation of {type(pipe).__name__}",
            "an adaptation fits the model it was trained on; check which that is",
        )
