"""The models on this machine and those worth knowing, as rows; looked for beside the window's own thread."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from meshloom.graph_runtime.models.known import KNOWN, known
from meshloom.graph_runtime.models.licences import Licence
from meshloom.graph_runtime.models.shelf import Held, held_models

#: How often it is looked whether the thread is done (milliseconds).
_EVERY = 30


@dataclass(frozen=True)
class Row:
    """A model. ``state``: "here", "not here", "unfinished", "incomplete", "pickled", "other" or "damaged".

    ``bytes``: on the disk, or about what is to be fetched. ``fault``: what is wrong with it, in words.
    """

    source: str
    state: str
    pipeline: str = ""
    bytes: int = 0
    licence: Licence | None = None
    commit: str = ""
    folder: Path | None = None
    purpose: str = ""
    fault: str = ""
    gated: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.commit

    @property
    def here(self) -> bool:
        return self.folder is not None

    @property
    def loadable(self) -> bool:
        return self.state == "here"


def rows_of(held: list[Held]) -> list[Row]:
    """Those that are here first, then those that are only known of."""
    made = []
    for each in held:
        about = known(each.source)
        whole = bool(each.commit) or each.state != "download not finished"
        made.append(
            Row(
                each.source,
                _state(each.state),
                each.pipeline or (about.pipeline if about else ""),
                each.bytes,
                each.licence if whole else (about.licence if about else None),
                each.commit,
                each.folder,
                about.purpose if about else "",
                each.state,
            )
        )
    here = {row.source for row in made}
    made += [
        Row(each.source, "not here", each.pipeline, each.bytes, each.licence, purpose=each.purpose,
            gated=each.gated)
        for each in KNOWN
        if each.source not in here
    ]  # fmt: skip
    return made


def _state(said: str) -> str:
    words = {
        "": "here",
        "download not finished": "unfinished",
        "not for pipelines": "other",
        "pickled: convert it": "pickled",
    }
    return words.get(said, "incomplete" if said.startswith("incomplete") else "damaged")


class Shelf(QObject):
    """Asks what is here; while it looks, one further question is kept."""

    #: A list of :class:`Row`.
    told = Signal(list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # The thread knows nothing of this object, which may be gone before it ends.
        self._answers: queue.SimpleQueue[list[Held] | str] = queue.SimpleQueue()
        self._busy = self._again = False
        self.rows: list[Row] = []
        self.fault = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY)
        self._timer.timeout.connect(self._listen)

    def look(self) -> None:
        """Find out what is here; :attr:`told` answers."""
        if self._busy:
            self._again = True
            return
        self._busy = True
        answers = self._answers
        threading.Thread(target=lambda: answers.put(_held()), name="shelf-look", daemon=True).start()
        self._timer.start()

    def _listen(self) -> None:
        try:
            answer = self._answers.get_nowait()
        except queue.Empty:
            return
        self._timer.stop()
        self._busy = False
        self.fault = answer if isinstance(answer, str) else ""
        self.rows = rows_of([] if isinstance(answer, str) else answer)
        self.told.emit(self.rows)
        if self._again:
            self._again = False
            self.look()


def _held() -> list[Held] | str:
    try:
        return held_models()
    except Exception as error:  # a folder that may not be read; whoever asked waits for an answer
        return str(error)
