"""A run within a run: many pictures made for one comparison."""

from __future__ import annotations

from typing import Any

from meshloom.graph_runtime.spec import Run


class Within:
    """A Run whose progress is a part of another's, and which says every warning once.

    ``low``, ``high``: the part, from 0 to 1; ``label``: stands before what is told.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._told: set[str] = set()
        self.low, self.high, self.label = 0.0, 1.0, ""
        self._reached = 0.0

    def part(self, low: float, high: float, label: str) -> None:
        """What follows is this part of the whole."""
        self.low, self.high, self.label = low, high, label
        self.progress(0.0)

    def progress(self, done: float, total: float = 1.0, message: str = "") -> None:
        share = min(1.0, done / total) if total else 0.0
        said = f"{self.label}: {message}" if message else self.label
        self._reached = max(
            self._reached, self.low + (self.high - self.low) * share
        )  # a bar does not go back
        self._run.progress(self._reached, 1.0, said)

    def warn(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._run.warn(message)

    def preview(self, value: object) -> None:
        """Unfinished pictures of a comparison are not shown: making them is not what is timed."""
        self._run.check()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)
