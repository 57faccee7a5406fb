"""Several results loaded together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from meshloom.ui.look.overview import Part
from meshloom.ui.running.results import Results

#: An output by name, and the digests of its values.
Asked = tuple[str, tuple[str, ...]]


class Gathering(QObject):
    """Answers once everything that was asked for last has come; what cannot be read is left out."""

    #: A list of :class:`Part`.
    ready = Signal(list)

    def __init__(self, results: Results, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._results = results
        self._asked: list[Asked] = []
        self._waiting: set[str] = set()
        self._held: dict[str, Any] = {}
        results.loaded.connect(self._loaded)
        results.failed.connect(self._failed)

    def ask(self, asked: Sequence[Asked]) -> None:
        """Load all of these; what is here from the last time is not loaded again."""
        self._asked = list(asked)
        wanted = {digest for _name, digests in asked for digest in digests}
        self._held = {digest: value for digest, value in self._held.items() if digest in wanted}
        self._waiting = wanted - self._held.keys()
        for _name, digests in asked:
            for digest in digests:
                if digest in self._waiting:
                    self._results.want(digest)
        self._answer()

    def forget(self) -> None:
        """Nothing is wanted any more."""
        self._asked, self._waiting, self._held = [], set(), {}

    def _loaded(self, digest: str, value: Any) -> None:
        if digest in self._waiting:
            self._waiting.discard(digest)
            self._held[digest] = value
            self._answer()

    def _failed(self, digest: str, _why: str) -> None:
        if digest in self._waiting:
            self._waiting.discard(digest)
            self._answer()

    def _answer(self) -> None:
        if self._asked and not self._waiting:
            parts = [
                Part(name, tuple(self._held[digest] for digest in digests if digest in self._held))
                for name, digests in self._asked
            ]
            self.ready.emit([part for part in parts if part.values])

    def leave(self) -> None:
        """Hear nothing more."""
        self._results.loaded.disconnect(self._loaded)
        self._results.failed.disconnect(self._failed)
        self.forget()
