"""Kernels that compete, by id: found by name and imported when asked for, and whether each can be used here.

The implementations are not imported above, so that a node's code digest does not hold the source of every kernel: an
edit of one concerns what uses that one, through its fingerprint.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True)
class Verdict:
    """Whether something can be done; where not, why not and what would help."""

    ok: bool
    reason: str = ""
    fix: str = ""

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return "yes" if self.ok else f"{self.reason}; {self.fix}" if self.fix else self.reason


YES = Verdict(True)


def no(reason: str, fix: str = "") -> Verdict:
    return Verdict(False, reason, fix)


class Named(Protocol):
    """A class of kernels."""

    id: str


K = TypeVar("K", bound=Named)


class Registry(Generic[K]):
    """``known``: by id, the module of ``package`` that holds the kernel's class, in a list called ``KERNELS``."""

    def __init__(self, known: Mapping[str, str], package: str) -> None:
        self._known = known
        self._package = package
        #: Kernels of one's own, by id.
        self.added: dict[str, type[K]] = {}

    def register(self, kernel: type[K]) -> type[K]:
        """Add a kernel of one's own (a decorator). Raises ValueError where the id is taken by another class."""
        held = self.added.get(kernel.id)
        if kernel.id in self._known or (held is not None and held.__qualname__ != kernel.__qualname__):
            raise ValueError(f"{kernel.id} is taken")
        self.added[kernel.id] = kernel
        return kernel

    def ids(self) -> tuple[str, ...]:
        """Those there are, the default first."""
        return (*self._known, *self.added)

    def find(self, kernel_id: str) -> type[K] | None:
        """The class of that id; ``None`` if there is none."""
        if kernel_id in self.added:
            return self.added[kernel_id]
        if kernel_id not in self._known:
            return None
        module = importlib.import_module(f"{self._package}.{self._known[kernel_id]}")
        found: type[K] = next(each for each in module.KERNELS if each.id == kernel_id)
        return found
