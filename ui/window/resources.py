"""How busy the machine is, in a line: processors, memory, and graphics memory where there is any."""

from __future__ import annotations

import shutil

import psutil
from PySide6.QtCore import QProcess, Qt, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from meshloom.ui.words import _

#: Read this often (milliseconds).
_EVERY = 2000


class Resources(QLabel):
    """Read only while it can be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._graphics = ""
        self._asking: QProcess | None = None
        self._tool = shutil.which("nvidia-smi")
        self._clock = QTimer(self)
        self._clock.setInterval(_EVERY)
        self._clock.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._clock.timeout.connect(self.refresh)
        self._clock.start()
        psutil.cpu_percent()
        self.refresh()

    def refresh(self) -> None:
        """Read now."""
        if not self.isVisible() and self.text():
            return
        memory = psutil.virtual_memory()
        used, whole = (memory.total - memory.available) / 2**30, memory.total / 2**30
        words = _("CPU {percent} %   RAM {used} of {whole} GB").format(
            percent=round(psutil.cpu_percent()), used=f"{used:.1f}", whole=f"{whole:.0f}"
        )
        self.setText(words + self._graphics)
        if self._tool and self._asking is None:
            self._asking = QProcess(self)
            self._asking.finished.connect(self._graphics_told)
            query = ["--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
            self._asking.start(self._tool, query)

    def _graphics_told(self) -> None:
        assert self._asking is not None
        lines = bytes(self._asking.readAllStandardOutput().data()).decode("ascii", "replace").splitlines()
        self._asking.deleteLater()
        self._asking = None
        parts = [line.split(",") for line in lines if line.count(",") == 1]
        numbers = [pair for pair in parts if all(part.strip().isdigit() for part in pair)]
        if not numbers:
            self._tool = None  # no driver: do not ask again
            return
        used, whole = (sum(int(pair[k]) for pair in numbers) / 1024 for k in (0, 1))
        self._graphics = "   " + _("GPU {used} of {whole} GB").format(
            used=f"{used:.1f}", whole=f"{whole:.0f}"
        )
