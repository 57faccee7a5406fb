"""A kernel, or a census, around the runs of a model: how patches of these kinds are put on and taken off."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from meshloom.graph_runtime.models import patches
from meshloom.graph_runtime.models.values import ModelRef, Patch
from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.kernels._choosing import kernel_of, node_error
from meshloom.nodes.kernels._values import AttentionKernel

if TYPE_CHECKING:
    from meshloom.kernels.attention.census import Census
    from meshloom.kernels.attention.policy import Policy

ATTENTION, CENSUS = "attention", "attention census"

#: Where a node that asked to see them finds the policies and censuses of its runs, and calls to keep of each spec.
_seen: ContextVar[tuple[list[Any], int] | None] = ContextVar("seen", default=None)


def with_kernel(model: ModelRef, kernel: AttentionKernel) -> ModelRef:
    """The same model, its attention computed by ``kernel``."""
    options = {"options": kernel.settings(), "fallbacks": list(kernel.fallbacks)}
    return model.patched(Patch.of(ATTENTION, kernel.id, options, kernel.fingerprint))


def with_census(model: ModelRef) -> ModelRef:
    """The same model, its attention calls recorded for :func:`watching`."""
    return model.patched(Patch.of(CENSUS, "all", {}, ""))


@contextlib.contextmanager
def watching(keep: int = 0) -> Iterator[list[Any]]:
    """Collects what the patches of models that run within leave: a Policy, timed, or a Census for each run.

    ``keep``: so many calls of each spec are kept with their tensors.
    """
    found: list[Any] = []
    token = _seen.set((found, keep))
    try:
        yield found
    finally:
        _seen.reset(token)


def _leave(held: Policy | Census) -> None:
    seen = _seen.get()
    if seen is not None:
        seen[0].append(held)


@contextlib.contextmanager
def computed_by(
    pipeline: Any,
    kernel_id: str,
    options: dict[str, Any],
    fallbacks: list[str],
    keep: int = 0,
    timed: bool = False,
) -> Iterator[Policy]:
    """A pipeline or model of diffusers with its attention computed by a kernel. Raises NodeError from within.

    ``keep`` and ``timed``: as :class:`Policy` has them.
    """
    from meshloom.kernels.attention.adapters_diffusers import use
    from meshloom.kernels.attention.kernel import AttentionError
    from meshloom.kernels.attention.policy import Policy

    others = [kernel_of(name, {}) for name in fallbacks]
    policy = Policy(kernel_of(kernel_id, options), others, keep, timed)
    try:
        with use(pipeline, policy) as count:
            if not count:
                raise NodeError(
                    f"no attention of a {type(pipeline).__name__} can be chosen",
                    hint="its layers do not go through diffusers' dispatcher",
                )
            yield policy
    except AttentionError as error:
        raise node_error(error) from error


@contextlib.contextmanager
def _kernel(pipeline: Any, patch: Patch) -> Iterator[None]:
    said = json.loads(patch.options)
    seen = _seen.get()
    keep = seen[1] if seen else 0
    with computed_by(pipeline, patch.name, said["options"], said["fallbacks"], keep, bool(seen)) as policy:
        yield
    _leave(policy)
    if policy.fell_back:
        patches.tell(policy.fell_back_because)


@contextlib.contextmanager
def _census(pipeline: Any, patch: Patch) -> Iterator[None]:
    from meshloom.kernels.attention.census import record

    with record() as census:
        yield
    _leave(census)


patches.register(ATTENTION, _kernel)
patches.register(CENSUS, _census)
