"""What holds around a model's forward passes: kernels of attention, say. Who applies it registers here.

A patch is a value on a :class:`~meshloom.graph_runtime.models.values.ModelRef`; the shared weights are never
changed for it. It is applied when a pipeline is about to run, under the one lock of execution, and taken off again
whatever happens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.values import Patch

#: Takes a pipeline and a patch; what it returns is entered before the pipeline runs and left afterwards.
Apply = Callable[[Any, Patch], AbstractContextManager[Any]]

_KINDS: dict[str, Apply] = {}


def register(kind: str, apply: Apply) -> None:
    """Say who applies patches of a kind. Called by the module of the node that puts such patches on models."""
    _KINDS[kind] = apply


_warn: ContextVar[Callable[[str], None]] = ContextVar("warn", default=lambda message: None)


def tell(message: str) -> None:
    """What a patch wants its user to know; said where the node warns that runs the pipeline."""
    _warn.get()(message)


@contextlib.contextmanager
def applied(
    pipeline: Any, patches: Sequence[Patch], warn: Callable[[str], None] = lambda message: None
) -> Iterator[None]:
    """Hold ``patches`` around a pipeline, in order; they are undone in reverse, also after an exception.

    ``warn``: where :func:`tell` goes meanwhile.

    Raises :class:`ModelError` for a kind that nobody registered.
    """
    with contextlib.ExitStack() as held:
        token = _warn.set(warn)
        held.callback(_warn.reset, token)
        for patch in patches:
            apply = _KINDS.get(patch.kind)
            if apply is None:
                known = ", ".join(sorted(_KINDS)) or "none"
                raise ModelError(
                    f"the model carries a patch of kind {patch.kind!r}, which nothing here applies"
                    f" (there are: {known})",
                    "run the node that puts it on in the same workflow",
                )
            held.enter_context(apply(pipeline, patch))
        yield
