"""What a run says while it goes: small typed facts, one node each, the same for terminal, JSON and window."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from meshloom.graph_runtime.disk import Ref


@dataclass(frozen=True, slots=True)
class Event:
    """Anything a run announces."""

    def to_json(self) -> dict[str, Any]:
        """The event as plain data: its name, and its fields that say something."""
        said: dict[str, Any] = {"event": type(self).__name__}
        for spec in dataclasses.fields(self):
            held = getattr(self, spec.name)
            if spec.name == "value" or held in (None, "", (), {}, 0):
                continue
            if not isinstance(held, float):
                said[spec.name] = held
            elif math.isfinite(held):  # JSON has no word for the others
                said[spec.name] = round(held, 4)
        return said


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The plan stands: how many nodes it has."""

    nodes: int


@dataclass(frozen=True, slots=True)
class NodeStarted(Event):
    """A node begins to compute (``items``: how many of its list are not in the cache)."""

    node: str
    items: int = 0


@dataclass(frozen=True, slots=True)
class NodeProgress(Event):
    """How far a node is, at most ten times a second."""

    node: str
    done: float
    total: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class NodePreview(Event):
    """An unfinished result to look at."""

    node: str
    value: Any


@dataclass(frozen=True, slots=True)
class NodeDone(Event):
    """A node has its results: all reused (``computed == 0``), or computed.

    ``why``: why it ran. ``seconds``: thread time of its own calls, summed. ``peak_bytes``: the most memory
    the process held while it ran. ``remembered``: for each kind of inner work, how often computed and reused.
    """

    node: str
    computed: int
    reused: int = 0
    why: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0
    bytes: int = 0
    remembered: dict[str, tuple[int, int]] = field(default_factory=dict)
    outputs: tuple[Ref, ...] = ()

    def to_json(self) -> dict[str, Any]:
        said = Event.to_json(self)
        said.pop("outputs", None)
        said["computed"] = self.computed
        return said


@dataclass(frozen=True, slots=True)
class NodeFailed(Event):
    """A node could not give its results; ``details`` is the traceback, for whoever asks."""

    node: str
    message: str
    hint: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class NodeSkipped(Event):
    """A node did not run because one it needs failed, was cancelled, or is muted."""

    node: str
    because: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something to know that stopped nothing. ``node`` is empty for the run as a whole."""

    node: str
    message: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The run is over: ``status`` is done, failed or cancelled."""

    status: str
    computed: int
    reused: int
    failed: int
    seconds: float
