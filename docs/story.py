"""Drives the real window through a first afternoon with it, by mouse and keys, and keeps a picture of each step.

    QT_QPA_PLATFORM=offscreen .venv/bin/python docs/story.py docs/images

Settings and history are those of a new user; results come from, and go to, the usual cache.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu, QWidget

LEFT = Qt.MouseButton.LeftButton
TEMPLATE = "photos_to_model"


class Story:
    """The window, a hand, and a camera."""

    def __init__(self, folder: Path, theme_name: str, language: str, size: tuple[int, int]) -> None:
        from meshloom.graph_runtime.catalog import find_nodes
        from meshloom.ui import start, theme, words
        from meshloom.ui.window.main_window import MainWindow
        from meshloom.ui.window.workbench import make_workbench

        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.application = QApplication.instance() or QApplication(sys.argv[:1])
        start.choose_font(self.application, words.speak(language))
        theme.use(theme_name, self.application)
        self.window = MainWindow(make_workbench(find_nodes()))
        self.window.resize(*size)
        self.window.show()
        self.window.activateWindow()
        self.count = 0

    def wait(self, milliseconds: int) -> None:
        """Let the window live for a while. (QTest's own waiting starves Python threads.)"""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def until(self, holds: Callable[[], bool], seconds: float = 600) -> None:
        for _step in range(int(seconds * 20)):
            if holds():
                return
            self.wait(50)
        raise TimeoutError("the window did not get there")

    def shot(self, name: str) -> None:
        self.count += 1
        file = self.folder / f"story_{self.count:02d}_{name}.png"
        self.window.grab().save(str(file))
        print(file, flush=True)

    # ------------------------------------------------------------------------------------------ the hand

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.application.focusWidget() or self.window, key, modifiers)

    def type(self, words: str) -> None:
        QTest.keyClicks(self.application.focusWidget(), words)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        QTest.mouseClick(widget, LEFT, Qt.KeyboardModifier.NoModifier, at or widget.rect().center())

    def node(self, name: str) -> None:
        """Click the head of a node."""
        view = self.window.tab.view
        view.fit()
        shape = view.model.shapes[name]
        self.click(view.viewport(), view.mapFromScene(QPointF(shape.x + 60, shape.y + 14)))

    def field(self, node: str, name: str, words: str) -> None:
        """Type into a field on a node."""
        view = self.window.tab.view
        shape = view.model.shapes[node]
        view.show_at(QPointF(shape.x + shape.width / 2, shape.y + shape.height / 2), 1.0)
        held = next(each for each in shape.fields if each.name == name)
        self.click(view.viewport(), view.mapFromScene(QPointF(shape.x + 80, shape.y + held.y + 10)))
        self.wait(100)
        editor = self.application.focusWidget()
        assert isinstance(editor, QLineEdit), editor
        editor.selectAll()
        self.type(words)
        self.key(Qt.Key.Key_Return)

    def choose(self, menu: QMenu, words: str) -> None:
        menu.aboutToShow.emit()
        action = next(each for each in menu.actions() if words in each.text())
        action.trigger()

    def run(self, name: str = "") -> None:

        self.key(Qt.Key.Key_F5)
        runs = self.window.bench.runs
        self.until(lambda: runs.current is not None, 10)
        if name:
            self.wait(1200)
            self.shot(name)
        self.until(lambda: runs.current is None)
        self.wait(400)

    def save_as(self, file: Path) -> None:
        def fill() -> None:
            dialog = self.application.activeModalWidget()
            assert isinstance(dialog, QFileDialog)
            line = dialog.findChild(QLineEdit)
            line.setText(str(file))
            QTest.keyClick(line, Qt.Key.Key_Return)

        QTimer.singleShot(600, fill)
        self.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        self.until(lambda: self.window.tab.document.is_saved, 10)

    # ----------------------------------------------------------------------------------------- the story

    def tell(self) -> None:
        from meshloom.ui.viewport.model_view import ModelView

        window = self.window
        self.wait(400)
        self.shot("start")
        gallery = window.start_page.gallery
        row = next(row for row, card in enumerate(gallery.cards()) if Path(card.key).stem == TEMPLATE)
        gallery.setCurrentIndex(gallery.model().index(row, 0))
        gallery.setFocus()
        self.key(Qt.Key.Key_Return)
        self.wait(1500)
        tab, viewer = window.tab, window.viewers[0]
        self.shot("template")
        self.field("model", "size", "1024")
        assert tab.document.document.node("model").params["size"] == 1024
        self.wait(600)
        self.shot("parameter")
        tab.view.fit()
        self.run("running")
        tab.view.fit()
        self.node("model")
        self.until(lambda: isinstance(viewer.stack.currentWidget(), ModelView), 20)
        model_view = viewer.stack.currentWidget()
        self.wait(6000)
        self.shot("model")
        port = model_view.viewport
        middle = port.rect().center()
        QTest.mousePress(port, LEFT, Qt.KeyboardModifier.NoModifier, middle)
        for step in range(1, 13):
            QTest.mouseMove(port, middle + QPoint(8 * step, 2 * step))
            self.wait(20)
        QTest.mouseRelease(port, LEFT, Qt.KeyboardModifier.NoModifier, middle + QPoint(96, 24))
        self.choose(model_view.layers, "Keep")
        self.node("undistorted")
        viewer.output.setCurrentIndex(viewer.output.findData("cameras"))
        self.wait(4000)
        self.shot("cameras")
        model_view.viewport.look_through(5)
        self.wait(3000)
        self.shot("through_a_camera")
        port.setFocus()
        self.key(Qt.Key.Key_Escape)
        self.node("preview")
        self.wait(1500)
        self.choose(viewer.compare.menu(), "A")
        self.field("model", "size", "256")
        tab.view.setFocus()
        self.run()
        self.node("preview")
        self.wait(1500)
        self.choose(viewer.compare.menu(), "B")
        self.wait(800)
        tab.view.fit()
        self.wait(600)
        self.shot("compare")
        tab.view.setFocus()
        self.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert tab.document.document.node("model").params["size"] == 1024
        self.wait(800)
        self.shot("undo")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "owl.json"
            self.save_as(file)
            tab.view.setFocus()
            self.shot("saved")
            graph = tab.document.snapshot()
            self.key(Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
            self.wait(500)
            self.shot("recent")
            window.start_page.recent.setFocus()
            self.key(Qt.Key.Key_Return)
            self.wait(1500)
            assert window.tab.document.snapshot() == graph
            self.shot("reopened")
            window.close()
        self.wait(200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--language", default="en")
    parser.add_argument("--size", default="1600x1000")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as fresh:
        os.environ["MESHLOOM_CONFIG"] = os.environ["MESHLOOM_DATA"] = fresh
        width, height = map(int, said.size.split("x"))
        Story(said.folder, said.theme, said.language, (width, height)).tell()


if __name__ == "__main__":
    main()
