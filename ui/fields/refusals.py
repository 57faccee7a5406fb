"""Which options of a choice this machine cannot use: asked once a session, in a process of its own.

The answer may take libraries that the window does without.
"""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QCoreApplication, QObject, QProcess, Signal

_ASKED: dict[str, Refusals] = {}


class Refusals(QObject):
    """What the module ``name`` says, run by itself: a JSON object, the reason by option."""

    #: The answer is there.
    told = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        #: ``None`` until it is known; empty where nobody could say.
        self.reasons: dict[str, str] | None = None
        self._process = QProcess(self)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._finished)
        # -P: a file of the folder the window was started in must not take the place of an installed package.
        self._process.start(sys.executable, ["-P", "-m", name])

    def _finished(self) -> None:
        if self.reasons is not None:
            return
        try:
            held = json.loads(bytes(self._process.readAllStandardOutput().data()))
            self.reasons = {str(key): str(why) for key, why in held.items()}
        except (ValueError, AttributeError):
            self.reasons = {}
        self.told.emit()


def refusals(name: str) -> Refusals:
    """What the module says; the process is started the first time."""
    if name not in _ASKED:
        _ASKED[name] = Refusals(name, QCoreApplication.instance())
    return _ASKED[name]
