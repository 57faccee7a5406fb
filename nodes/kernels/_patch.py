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
from meshloom.nodes.kernels._choosing import kernel_of
from meshloom.nodes.kernels._values import AttentionKernel

if TYPE_CHECKING:
    from meshloom.kernels.attention.census import Census
    from meshloom.kernels.attention.policy import Policy

ATTENTION, CENSUS = "attention", "attention census"

#: Where a node that asked to see them finds the policies and censuses of its runs.
_seen: ContextVar[list[Any] | None] = ContextVar("seen", default=None)


def with_kernel(model: ModelRef, kernel: AttentionKernel) -> ModelRef:
    """The same model, its attention computed by ``kernel``."""
    options = {"options": kernel.settings(), "fallbacks": list(kernel.fallbacks)}
    return model.patched(Patch.of(ATTENTION, kernel.id, options, kernel.fingerprint))


def with_census(model: ModelRef) -> ModelRef:
    """The same model, its attention calls recorded for :func:`watching`."""
    return model.patched(Patch.of(CENSUS, "all", {}, ""))


@contextlib.contextmanager
def watching() -> Iterator[list[Any]]:
    """Collects what the patches of models that run within leave: a Policy or a Census for each run."""
    found: list[Any] = []
    token = _seen.set(found)
    try:
        yield found
    finally:
        _seen.reset(token)


def _leave(held: Policy | Census) -> None:
    found = _seen.get()
    if found is not None:
        found.append(held)


@contextlib.contextmanager
def computed_by(
    pipeline: Any, kernel_id: str, options: dict[str, Any], fallbacks: list[str]
) -> Iterator[Policy]:
    """A pipeline or model of diffusers with its attention computed by a kernel. Raises NodeError from within."""
    from meshloom.kernels.attention.adapters_diffusers import use
    from meshloom.kernels.attention.kernel import AttentionError
    from meshloom.kernels.attention.policy import Policy

    policy = Policy(kernel_of(kernel_id, options), [kernel_of(name, {}) for name in fallbacks])
    try:
        with use(pipeline, policy) as count:
            if not count:
                raise NodeError(
                    f"no attention of a {type(pipeline).__name__} can be chosen",
                    hint="its layers do not go through diffusers' dispatcher",
                )
            yield policy
    except AttentionError as error:
        raise NodeError(str(error), hint=error.fix) from error


@contextlib.contextmanager
def _kernel(pipeline: Any, patch: Patch) -> Iterator[None]:
    said = json.loads(patch.options)
    with computed_by(pipeline, patch.name, said["options"], said["fallbacks"]) as policy:
        yield
    _leave(policy)


@contextlib.contextmanager
def _census(pipeline: Any, patch: Patch) -> Iterator[None]:
    from meshloom.kernels.attention.census import record

    with record() as census:
        yield
    _leave(census)


patches.register(ATTENTION, _kernel)
patches.register(CENSUS, _census)
