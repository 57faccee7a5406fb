"""What is done about models: pulls that go on while their window is closed, and shorter work, a process each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from meshloom.ui.models.amounts import Pace, amount
from meshloom.ui.models.job import Job
from meshloom.ui.models.shelf import Shelf
from meshloom.ui.window.queue_view import span
from meshloom.ui.words import _


@dataclass
class Pulling:
    """A pull under way."""

    job: Job
    done: int = 0
    total: int = 0
    what: str = ""
    pace: Pace = field(default_factory=Pace)

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 0.0

    def told(self) -> str:
        """How far it is, in a line."""
        if not self.total:
            return _("Asking the Hub…")
        parts = [_("{done} of {total}").format(done=amount(self.done), total=amount(self.total))]
        speed = self.pace.speed
        if speed > 0:
            parts.append(_("{speed} a second").format(speed=amount(speed)))
            left = (self.total - self.done) / speed
            if left > 1:
                parts.append(_("about {time} left").format(time=span(left)))
        return " · ".join(parts)


class Desk(QObject):
    """Made once a window. ``faults`` and ``notes``: the last that was said of a model, by source."""

    #: Something is told otherwise of a model: its source.
    changed = Signal(str)
    #: A model is here, whole: its source.
    pulled = Signal(str)
    #: The source, what went wrong, and what to do about it.
    failed = Signal(str, str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shelf = Shelf(self)
        self.pulls: dict[str, Pulling] = {}
        self.plans: dict[str, dict[str, Any]] = {}
        self.found: dict[tuple[str, str], dict[str, Any]] = {}
        self.faults: dict[str, tuple[str, str]] = {}
        self.notes: dict[str, str] = {}
        self.busy: dict[str, str] = {}
        self._jobs: dict[str, Job] = {}
        #: Those that have answered, whose processes are ending.
        self._ended: list[Job] = []

    # ------------------------------------------------------------------------------------------------ pulling

    def pull(self, source: str, revision: str = "", agreed: str = "") -> None:
        """Fetch a model, or go on; ``agreed``: the licence that the user was shown and agreed to."""
        if source in self.pulls:
            return
        self._forget(source)
        self._clear_away()
        job = Job({"do": "pull", "source": source, "revision": revision, "agreed": agreed})
        self.pulls[source] = Pulling(job)
        job.progressed.connect(partial(self._progress, source))
        job.done.connect(partial(self._pulled, source))
        job.failed.connect(partial(self._pull_failed, source))
        self.changed.emit(source)

    def stop(self, source: str) -> None:
        """Stop a pull. What has come is kept, and the next goes on from there."""
        held = self.pulls.pop(source, None)
        if held is None:
            return
        held.job.cancel()
        self._ended.append(held.job)
        plan = self.plans.get(source)
        if plan is not None and held.total:
            plan["missing"] = held.total - held.done
        self.notes[source] = _("Stopped. What has come is kept.")
        self.changed.emit(source)
        self.shelf.look()

    def _progress(self, source: str, done: int, total: int, what: str) -> None:
        held = self.pulls[source]
        held.done, held.total, held.what = done, total, what
        held.pace.note(time.monotonic(), done)
        self.changed.emit(source)

    def _pulled(self, source: str, result: dict[str, Any]) -> None:
        self._ended.append(self.pulls.pop(source).job)
        self.plans.pop(source, None)
        self.notes[source] = _("Whole and checked: {size}").format(size=amount(result["bytes"]))
        self.shelf.look()
        self.changed.emit(source)
        self.pulled.emit(source)

    def _pull_failed(self, source: str, message: str, hint: str) -> None:
        self._ended.append(self.pulls.pop(source).job)
        self._tell_fault(source, message, hint)
        self.shelf.look()

    # ------------------------------------------------------------------------------------------- shorter work

    def look_up(self, source: str, revision: str = "") -> None:
        """Ask the Hub what a pull would bring; :attr:`plans` has it when ``changed`` is told."""
        self.plans.pop(source, None)
        self._work("look_up", source, {"revision": revision}, _("Asking the Hub…"))

    def inspect(self, source: str, commit: str, choices: dict[str, str]) -> None:
        """Load a model dry; :attr:`found` has what was found."""
        self._work("inspect", source, {"revision": commit, **choices}, _("Looking at the weights…"))

    def remove(self, source: str, commit: str = "") -> None:
        self._work("remove", source, {"revision": commit}, _("Removing…"))

    def convert(self, source: str, commit: str = "") -> None:
        self._work("convert", source, {"revision": commit}, _("Converting…"))

    def check(self, source: str, commit: str = "") -> None:
        """Hash its files."""
        self._work("check", source, {"revision": commit}, _("Hashing the files…"))

    def _work(self, what: str, source: str, more: dict[str, str], words: str) -> None:
        if source in self._jobs:
            return
        self._forget(source)
        self._clear_away()
        job = self._jobs[source] = Job({"do": what, "source": source, **more})
        self.busy[source] = words
        job.progressed.connect(partial(self._busy_with, source, words))
        job.done.connect(partial(self._done, what, source, more.get("revision", "")))
        job.failed.connect(partial(self._failed, source))
        self.changed.emit(source)

    def _busy_with(self, source: str, words: str, done: int, total: int, _what: str) -> None:
        if source in self._jobs and total:
            self.busy[source] = f"{words} {done / total:.0%}"
            self.changed.emit(source)

    def _done(self, what: str, source: str, revision: str, result: dict[str, Any]) -> None:
        self._end(source)
        if what == "look_up":
            self.plans[source] = result
        elif what == "inspect":
            self.found[source, revision] = result
        elif what == "remove":
            self.found.pop((source, revision), None)
            self.plans.pop(source, None)
            self.notes[source] = _("{size} freed.").format(size=amount(result["freed"]))
        elif what == "check":
            words = _("{size} are as they were fetched")
            self.notes[source] = words.format(size=amount(result["bytes"]))
        else:
            words = _("{count} files written; the pickled ones are still there")
            self.notes[source] = words.format(count=len(result["written"]))
        if what in ("remove", "convert"):
            self.shelf.look()
        self.changed.emit(source)

    def _failed(self, source: str, message: str, hint: str) -> None:
        self._end(source)
        self._tell_fault(source, message, hint)

    def _end(self, source: str) -> None:
        self._ended.append(self._jobs.pop(source))
        self.busy.pop(source, None)

    def _clear_away(self) -> None:
        # Not when they end: that is told by themselves, and they would be deleted while they speak.
        self._ended = [job for job in self._ended if job.running]

    def _tell_fault(self, source: str, message: str, hint: str) -> None:
        self.faults[source] = (message, hint)
        self.changed.emit(source)
        self.failed.emit(source, message, hint)

    def _forget(self, source: str) -> None:
        self.faults.pop(source, None)
        self.notes.pop(source, None)

    def close(self) -> None:
        """End every process. Pulls go on at the byte another time."""
        for job in [*self._jobs.values(), *(held.job for held in self.pulls.values()), *self._ended]:
            job.cancel()
        self._jobs.clear()
        self.pulls.clear()
        self._ended.clear()
        self.busy.clear()
