"""How a node stands, as the canvas, the outline and the inspector show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QImage

from meshloom.graph_runtime.disk import Ref
from meshloom.graph_runtime.types import Figure

State = Literal["unknown", "stale", "waiting", "running", "cached", "done", "failed", "skipped", "muted"]


@dataclass(frozen=True)
class NodeStatus:
    """``unknown``: nothing known yet. ``stale``: it would compute. ``cached``: its result is there for reuse.

    ``done`` of ``total``: progress of a running node; it was at ``paced_from`` at ``paced_since`` (seconds of
    :func:`time.monotonic`). ``why``: why it will run, ran, or was reused; ``message`` and ``hint``: of its failure,
    or what it does now; ``details``: the traceback, for whoever asks.
    ``outputs``: content digests by output, readable through :class:`meshloom.ui.running.results.Results`.
    ``preview`` and ``plot``: how far its result is, while it runs. ``notes``: what it warned of when it ran last.
    """

    state: State = "unknown"
    done: float = 0.0
    total: float = 0.0
    paced_from: float = 0.0
    paced_since: float = 0.0
    message: str = ""
    hint: str = ""
    details: str = ""
    why: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0
    bytes: int = 0
    outputs: tuple[Ref, ...] = ()
    thumbnail: QImage | None = None
    preview: QImage | None = None
    plot: Figure | None = None
    notes: tuple[str, ...] = ()

    @property
    def picture(self) -> QImage | None:
        """What there is to see of it now."""
        return self.preview or self.thumbnail
