"""Opens the window: one for each user, however often Meshloom is started."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QIcon
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication

from meshloom.ui import theme, words
from meshloom.ui.settings import Settings, data_folder

_ICON = Path(__file__).parent / "icons" / "meshloom.svg"


def server_name() -> str:
    """The name of this user's window among local sockets."""
    place = f"{getpass.getuser()} {data_folder()}"
    return "meshloom-" + hashlib.blake2b(place.encode(), digest_size=8).hexdigest()


def hand_over(files: Sequence[Path]) -> bool:
    """Let the window that is open already open these; ``False`` if there is none."""
    socket = QLocalSocket()
    socket.connectToServer(server_name())
    if not socket.waitForConnected(300):
        return False
    socket.write(json.dumps([str(file.absolute()) for file in files]).encode() + b"\n")
    socket.waitForBytesWritten(1000)
    # The answer tells that it was read: a window that hangs would keep the file from opening at all.
    answered = socket.waitForReadyRead(5000)
    socket.disconnectFromServer()
    return answered


def open_window(files: Sequence[Path] = ()) -> int:
    """Show the window with these files; returns the exit status when it is closed."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QGuiApplication.setDesktopFileName("meshloom")
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Meshloom")
    if hand_over(files):
        return 0
    if _ICON.is_file():
        application.setWindowIcon(QIcon(str(_ICON)))
    settings = Settings()
    choose_font(application, words.speak(settings.choices.language))
    theme.use(settings.choices.theme, application)

    from meshloom.graph_runtime.catalog import find_nodes
    from meshloom.ui.window.main_window import MainWindow
    from meshloom.ui.window.workbench import make_workbench

    window = MainWindow(make_workbench(find_nodes(), settings))
    server = _listen(window)
    settings.changed.connect(
        lambda name: theme.use(settings.choices.theme, application) if name == "theme" else None
    )
    hints = QGuiApplication.styleHints()
    hints.colorSchemeChanged.connect(
        lambda _scheme: theme.use("system", application) if settings.choices.theme == "system" else None
    )
    sys.excepthook = _Mishap(window)
    awake = _leave_on_signals(application, window)
    window.show()
    window.offer_lost_work()
    window.restore_queue()
    for file in files:
        window.open_path(file)
    if os.environ.get("MESHLOOM_STARTED"):  # for measuring: say so and leave
        QTimer.singleShot(0, lambda: (print("started", flush=True), window.close()))
    status = application.exec()
    awake.setEnabled(False)
    server.close()
    return status


#: Fonts made for a language, where they are installed: one that stands in has other measures, and is cut off.
_FONTS = {
    "zh_CN": (
        "Noto Sans CJK SC",
        "Source Han Sans SC",
        "PingFang SC",
        "Microsoft YaHei UI",
        "WenQuanYi Micro Hei",
    )
}


def choose_font(application: QApplication, language: str) -> None:
    """The font of the window: the system's, not too small, or one that has the language's signs."""
    font = QFont(application.font())
    installed = set(QFontDatabase.families())
    found = next((name for name in _FONTS.get(language, ()) if name in installed), "")
    if found:
        font.setFamilies([found, *font.families()])
        application.setFont(font)
    if font.pointSizeF() < 9.5:
        font.setPointSizeF(9.5)
        application.setFont(font)


def _listen(window: object) -> QLocalServer:
    """Take files from Meshlooms that are started later."""
    server = QLocalServer()
    server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
    QLocalServer.removeServer(server_name())
    server.listen(server_name())

    def take() -> None:
        socket = server.nextPendingConnection()
        if socket is None:
            return

        def read() -> None:
            if not socket.canReadLine():
                return
            try:
                told = json.loads(bytes(socket.readLine(1 << 20).data()))
            except ValueError:
                told = []
            socket.write(b"ok\n")
            socket.flush()
            for file in told if isinstance(told, list) else []:
                window.open_path(Path(str(file)))  # type: ignore[attr-defined]
            window.raise_()  # type: ignore[attr-defined]
            window.activateWindow()  # type: ignore[attr-defined]

        socket.readyRead.connect(read)
        socket.disconnected.connect(socket.deleteLater)
        read()

    server.newConnection.connect(take)
    return server


def _leave_on_signals(application: QApplication, window: object) -> QSocketNotifier:
    """Ctrl+C in the terminal, and a shut-down, leave unsaved work for the next start to offer."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, frame: None)
    notifier = QSocketNotifier(reading, QSocketNotifier.Type.Read, application)

    def leave() -> None:
        os.read(reading, 64)
        for tab in window.document_tabs():  # type: ignore[attr-defined]
            tab.recovery.flush()
        window.bench.close()  # type: ignore[attr-defined]
        application.exit(130)

    notifier.activated.connect(leave)
    return notifier


class _Mishap:
    """An error nobody foresaw: told, kept in the log, and the window goes on."""

    def __init__(self, window: object) -> None:
        self._window = window
        self._telling = False

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(text)
        if self._telling or issubclass(kind, KeyboardInterrupt):
            return
        self._telling = True
        try:
            said = words._("Something went wrong in the window: {error}").format(error=error)
            self._window.log_view.add("error", "", "", f"{said}\n{text}")  # type: ignore[attr-defined]
            self._window.tell(said)  # type: ignore[attr-defined]
        finally:
            self._telling = False
