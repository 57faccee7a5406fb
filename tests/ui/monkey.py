"""A monkey at the window: random things that users do, by mouse and keyboard, and what must hold afterwards.

Told apart by seed, so that what it finds can be done again: ``python -c "import sys; sys.path.append('tests');
from ui.monkey import main; main()" SEED ACTIONS`` prints what it found as JSON.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import faulthandler
import gc
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QColor, QDesktopServices, QImage, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QFileDialog, QMenu, QWidget

from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import dump, parse, read_workflow, resolve
from meshloom.graph_runtime.types import Mesh, PointCloud
from meshloom.ui import theme, words
from meshloom.ui.canvas import pictures
from meshloom.ui.canvas.model import CanvasModel
from meshloom.ui.running import results
from meshloom.ui.viewport.draw import SHADINGS, Style, draw
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.things import make
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.main_window import MainWindow
from meshloom.ui.window.tour import Tour
from meshloom.ui.window.workbench import make_workbench

from . import hand

SAMPLES = Path(__file__).parents[1] / "graph_runtime" / "sample_nodes"

PLAIN, SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
_Key = Qt.Key
#: Nodes that take no time; one that fails, one whose work can be stopped.
NODES = ("number", "number", "add", "add", "picture", "brighter", "mean", "pictures", "parameters", "slow", "fail",
         "switch", "repeat", "talk", "image blur", "resize", "number math", "text join", "note")  # fmt: skip
#: What is typed into fields.
TEXTS = (
    "3",
    "0",
    "-7",
    "1e3",
    "0.25",
    "2*3",
    "hello",
    "",
    "99999999999",
    "α β 漢字",
    "red",
    "a b",
    "/tmp/x",
    "%s{}",
)
#: Documents with nodes of other kinds are not run to the end: they would take minutes.
CHEAP = ("t.", "number.", "text.", "logic.")
#: Parts that take much memory once they are used.
LARGE = ("cv2", "pyqtgraph", "numba", "open3d", "meshloom.ui.viewport.model_view", "meshloom.ui.look.pages")
#: At most this many documents open, and nodes in one.
MOST_TABS, MOST_NODES = 5, 40


class Watch:
    """Collects every error that nobody caught and everything Qt complains of."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._excepthook = sys.excepthook
        self._handler: Any = None

    def __enter__(self) -> Watch:
        self._excepthook, sys.excepthook = sys.excepthook, self._error
        self._handler = qInstallMessageHandler(self._message)
        return self

    def __exit__(self, *error: object) -> None:
        sys.excepthook = self._excepthook
        qInstallMessageHandler(self._handler)

    def _error(self, kind: Any, error: Any, trace: Any) -> None:
        self.faults.append("".join(traceback.format_exception(kind, error, trace)))

    def _message(self, kind: QtMsgType, context: Any, text: str) -> None:
        harmless = ("This plugin does not support", "propagateSizeHints", "QFontDatabase", "OpenType support")
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg) and not any(
            each in text for each in harmless
        ):
            self.faults.append(f"Qt says: {text}")


class Broken(AssertionError):
    """Something that must always hold does not."""


class Monkey:
    """Does random things to a window. ``folder``: where it saves."""

    def __init__(self, window: MainWindow, folder: Path, seed: int) -> None:
        self.window = window
        self.folder = folder
        self.chance = random.Random(seed)
        self.done: collections.deque[str] = collections.deque(maxlen=40)
        self.counts: collections.Counter[str] = collections.Counter()
        self.checked: collections.Counter[str] = collections.Counter()
        self.runs: collections.Counter[str] = collections.Counter()
        window.bench.runs.ended.connect(self._run_ended)
        self._began: dict[str, GraphData] = {}
        self._pictures = [folder / f"picture{index}.png" for index in range(2)]
        for index, file in enumerate(self._pictures):
            picture = QImage(48, 32, QImage.Format.Format_RGB888)
            picture.fill(QColor(40 * index, 90, 120))
            picture.save(str(file))
        self.actions: list[tuple[str, Callable[[], object], int]] = [
            ("add", self.add_node, 10), ("link", self.link, 12), ("pull out a link", self.unlink, 3),
            ("link to nothing", self.link_to_nothing, 3), ("type", self.type_field, 9), ("scrub", self.scrub, 5),
            ("drag", self.drag, 8), ("drag and change my mind", self.interrupted_drag, 3), ("rubber", self.rubber, 3),
            ("click", self.click, 6), ("double click", self.double_click, 3), ("undo", self.undo, 9),
            ("redo", self.redo, 6), ("copy", self.copy, 3), ("cut", self.cut, 1), ("paste", self.paste, 4),
            ("duplicate", self.duplicate, 2), ("delete", self.delete, 4), ("group", self.group, 3),
            ("ungroup", self.ungroup, 3), ("into a group", self.enter_group, 3), ("out of a group", self.leave, 3),
            ("mute", self.mute, 3), ("order", self.put_in_order, 3), ("frame or note", self.decorate, 2),
            ("rename", self.rename, 2), ("look around", self.look_around, 6), ("find", self.find, 2),
            ("menu", self.menu, 5), ("any key", self.any_key, 4), ("new", self.new_tab, 2),
            ("template", self.template, 1), ("other tab", self.other_tab, 4), ("close", self.close_tab, 2),
            ("start page", self.start_page, 1), ("save", self.save, 3), ("open", self.open, 2),
            ("drop a picture", self.drop_picture, 1), ("run", self.run, 5), ("run part", self.run_part, 3),
            ("stop", self.stop, 4), ("live", self.live, 1), ("pause", self.pause, 1), ("wait", self.wait, 3),
            ("dock", self.dock, 3), ("viewer", self.viewer, 3), ("inspector", self.inspector, 5),
            ("outline", self.outline, 2), ("history", self.history, 2), ("theme", self.theme, 1),
            ("keymap", self.keymap, 1), ("size", self.size, 1), ("dialog", self.dialog, 1),
        ]  # fmt: skip
        self._weights = [weight for _name, _action, weight in self.actions]

    # ------------------------------------------------------------------------------------------- playing

    def act(self) -> None:
        """One random action, and what follows from it."""
        ((name, action, _weight),) = self.chance.choices(self.actions, self._weights)
        self.done.append(name)
        self.counts[name] += 1
        action()
        self.settle()
        self._note_beginnings()

    def _run_ended(self, run: Any) -> None:
        self.runs[run.state] += 1

    def settle(self) -> None:
        """Let everything happen that follows; leave no menu or dialog open."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        for tour in self.window.findChildren(Tour):
            if tour.card is not None:
                QTest.keyClick(tour.card, _Key.Key_Escape)
        for _turn in range(4):
            extra = [
                widget
                for widget in application.topLevelWidgets()
                if widget.isVisible() and widget is not self.window and not isinstance(widget, QDockWidget)
            ]
            if not extra:
                break
            for widget in extra:
                with contextlib.suppress(RuntimeError):  # gone with another
                    QTest.keyClick(widget, _Key.Key_Escape)
                    if widget.isVisible():
                        widget.close()
            application.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if application.activeModalWidget() is not None:
            raise Broken(f"a dialog stays: {application.activeModalWidget()}")
        if not self.window.isActiveWindow():
            self.window.activateWindow()

    def _note_beginnings(self) -> None:
        for tab in self.window.document_tabs():
            if tab.key not in self._began and tab.document.undo_stack.count() == 0:
                self._began[tab.key] = tab.document.snapshot()

    # ------------------------------------------------------------------------------------ what must hold

    def check(self) -> None:
        """What must hold of every open document at any time."""
        for tab in self.window.document_tabs():
            self.check_loadable(tab)
            self.check_view(tab)
            if self.chance.random() < 0.3:
                self.check_history(tab)

    def check_loadable(self, tab: DocumentTab) -> None:
        """The document can be written and read again, the same."""
        graph, specs = tab.document.snapshot(), tab.document.specs
        self._compare(resolve(graph, specs), resolve(parse(dump(graph).encode()), specs), "read again")
        self.checked["loadable"] += 1

    def _compare(self, one: GraphData, other: GraphData, when: str) -> None:
        if one == other:
            return
        told = list(_differences(asdict(one), asdict(other)))
        raise Broken(f"{when}, the document is another:\n{told[:8]}")

    def check_history(self, tab: DocumentTab) -> None:
        """All undone it is as in the beginning, all done again as in the end."""
        stack, document = tab.document.undo_stack, tab.document
        place, now = stack.index(), document.snapshot()
        stack.setIndex(stack.count())
        top = document.snapshot()
        stack.setIndex(0)
        bottom = document.snapshot()
        if tab.key in self._began and stack.count() < stack.undoLimit() and bottom != self._began[tab.key]:
            self._compare(self._began[tab.key], bottom, "all undone")
        stack.setIndex(stack.count())
        self._compare(top, document.snapshot(), "all done again")
        stack.setIndex(place)
        self._compare(now, document.snapshot(), "undone and done again")
        self.checked["history"] += 1

    def check_view(self, tab: DocumentTab) -> None:
        """The canvas shows what the document says: the same as a canvas made just now."""
        view = tab.view
        if view.scope not in tab.document.document.scopes:
            raise Broken(f"a group that is gone is shown: {view.scope}")
        if view.model.loose:
            raise Broken("nodes hang on the pointer with no button held")
        fresh = CanvasModel(tab.document, view.scope)
        try:
            for name in {*fresh.shapes, *view.model.shapes}:
                one, other = fresh.shapes.get(name), view.model.shapes.get(name)
                if one is None or other is None:
                    raise Broken(f"{name} is {'not ' if other is None else ''}shown")
                told = [(each.title, each.type, each.mute, each.bypass) for each in (one, other)]
                if told[0] != told[1]:
                    raise Broken(f"{name} is shown as {told[1]}, is {told[0]}")
                if tab.document.document.position(name, view.scope) is not None and (one.x, one.y) != (
                    other.x,
                    other.y,
                ):
                    raise Broken(f"{name} is shown at {other.x, other.y}, is at {one.x, one.y}")
                told = [[(each.name, each.text) for each in shape.fields] for shape in (one, other)]
                if told[0] != told[1]:
                    raise Broken(f"{name} shows {told[1]}, has {told[0]}")
            for key in {*fresh.links, *view.model.links}:
                link, shown = fresh.links.get(key), view.model.links.get(key)
                if link != shown:
                    raise Broken(f"the link into {key} is shown as {shown}, is {link}")
            if set(view.selection) - set(fresh.shapes):
                raise Broken("nodes that are gone are selected")
        finally:
            tab.document.changed.disconnect(fresh._document_changed)
            fresh.deleteLater()
        self.checked["view"] += 1

    # -------------------------------------------------------------------------------------------- helpers

    def _tab(self) -> DocumentTab:
        """The document in front; the monkey opens one where there is none."""
        if self.window.tab is None:
            tabs = self.window.document_tabs()
            if tabs:
                self.window.tabs.setCurrentWidget(self.chance.choice(tabs))
            else:
                for _turn in range(2):  # offscreen, a window is active only some time after a popup is gone
                    if self.window.tab is None:
                        self._press(_Key.Key_N, CTRL, self.window)
                        QApplication.processEvents()
            QApplication.processEvents()
        tab = self.window.tab
        if tab is None:
            raise Broken("Ctrl+N opens no document")
        return tab

    def _press(
        self, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN, widget: QWidget | None = None
    ) -> None:
        QTest.keyClick(widget or self._tab().view, key, modifiers)

    def _shapes(self) -> list[Any]:
        view = self._tab().view
        near = view.model.near(view.visible())
        if not near and view.model.shapes:
            self._press(_Key.Key_Home)
            near = view.model.near(view.visible())
        return near

    def _spot(self, x: float, y: float) -> QPoint:
        view = self._tab().view
        at = view.mapFromScene(QPointF(x, y))
        area = view.viewport().rect()
        return QPoint(min(max(at.x(), 1), area.width() - 2), min(max(at.y(), 1), area.height() - 2))

    def _anywhere(self) -> QPoint:
        area = self._tab().view.viewport().rect()
        return QPoint(self.chance.randrange(5, area.width() - 5), self.chance.randrange(5, area.height() - 5))

    def _socket(self, outgoing: bool, linked: bool = False) -> tuple[str, Any, QPoint] | None:
        found = [
            (shape, socket)
            for shape in self._shapes()
            for socket in (shape.outputs if outgoing else shape.inputs)
            if socket.linked or not linked
        ]
        if not found:
            return None
        shape, socket = self.chance.choice(found)
        return shape.name, socket, self._spot(shape.x + socket.x, shape.y + socket.y)

    def _node(self) -> Any:
        shapes = self._shapes()
        return self.chance.choice(shapes) if shapes else None

    def _head(self, shape: Any) -> QPoint:
        return self._spot(shape.x + 70, shape.y + 14)

    def _some_modifiers(self) -> Qt.KeyboardModifier:
        return self.chance.choice((PLAIN, PLAIN, PLAIN, SHIFT, CTRL, ALT))

    def _type(self, text: str) -> None:
        for letter in text:
            focused = QApplication.focusWidget()
            if focused is None:
                return
            if letter.isascii():
                QTest.keyClicks(focused, letter)
            else:  # QTest knows ASCII only; an input method hands over whole text
                entered = QInputMethodEvent()
                entered.setCommitString(letter)
                QApplication.sendEvent(focused, entered)

    def _popup(self) -> QWidget | None:
        return QApplication.activePopupWidget()

    def _pick_node(self) -> None:
        """In the palette, if it is open."""
        palette = self._popup()
        line = getattr(palette, "line", None)
        if line is None:
            return
        QTest.keyClicks(line, self.chance.choice(NODES) if self.chance.random() < 0.9 else "".join(
            self.chance.choices("abcdemnoprst ", k=2)))  # fmt: skip
        for _step in range(self.chance.choice((0, 0, 0, 1, 2))):
            QTest.keyClick(line, _Key.Key_Down)
        QTest.keyClick(line, _Key.Key_Escape if self.chance.random() < 0.1 else _Key.Key_Return)

    # --------------------------------------------------------------------------------------------- editing

    def add_node(self) -> None:
        tab = self._tab()
        if len(tab.view.model.shapes) > MOST_NODES:
            self._press(_Key.Key_A, CTRL)
            self._press(_Key.Key_Delete)
            return
        way = self.chance.randrange(3)
        if way == 0:
            self._press(_Key.Key_Tab)
        elif way == 1:
            hand.double_click(tab.view.viewport(), self._anywhere())
        else:
            self._press(_Key.Key_Space)
        self._pick_node()

    def link(self) -> None:
        given, taken = self._socket(True), self._socket(False)
        if given is not None and taken is not None:
            ends = [given[2], taken[2]]
            if self.chance.random() < 0.4:
                ends.reverse()
            hand.drag(self._tab().view.viewport(), *ends)

    def unlink(self) -> None:
        held = self._socket(False, linked=True)
        if held is not None:
            hand.drag(self._tab().view.viewport(), held[2], self._anywhere())
            self._pick_node()

    def link_to_nothing(self) -> None:
        held = self._socket(self.chance.random() < 0.6)
        if held is not None:
            hand.drag(self._tab().view.viewport(), held[2], self._anywhere())
            self._pick_node()

    def _field(self) -> tuple[Any, Any, QPoint] | None:
        found = [(shape, field) for shape in self._shapes() for field in shape.fields]
        if not found:
            return None
        shape, field = self.chance.choice(found)
        return shape, field, self._spot(shape.x + shape.width - 40, shape.y + field.y + 10)

    def type_field(self) -> None:
        found = self._field()
        if found is None:
            return
        port = self._tab().view.viewport()
        hand.click(port, found[2])
        focused = QApplication.focusWidget()
        if focused is None or focused is self._tab().view:
            return
        if self.chance.random() < 0.5:
            QTest.keyClick(focused, _Key.Key_A, CTRL)
        self._type(self.chance.choice(TEXTS))
        way = self.chance.randrange(6)
        focused = QApplication.focusWidget()
        if focused is not None and way < 3:
            QTest.keyClick(focused, _Key.Key_Return)
        elif focused is not None and way == 3:
            QTest.keyClick(focused, _Key.Key_Escape)
        elif way == 4:
            hand.click(port, self._anywhere())
        # else: the editor stays open while other things are done

    def scrub(self) -> None:
        found = self._field()
        if found is not None:
            by = QPoint(self.chance.randrange(-120, 120), self.chance.randrange(-8, 8))
            modifiers = self._some_modifiers()
            hand.drag(self._tab().view.viewport(), found[2], found[2] + by, modifiers=modifiers)

    def drag(self) -> None:
        shape = self._node()
        if shape is not None:
            by = QPoint(self.chance.randrange(-250, 250), self.chance.randrange(-200, 200))
            at = self._head(shape)
            hand.drag(self._tab().view.viewport(), at, at + by, modifiers=self._some_modifiers())

    def interrupted_drag(self) -> None:
        """While a button is held, a key is pressed that changes the graph, or the window is left."""
        port, spots = self._tab().view.viewport(), []
        shape, field = self._node(), self._field()
        held = self._socket(self.chance.random() < 0.5)
        if shape is not None:
            spots.append(self._head(shape))
        if field is not None:
            spots.append(field[2])
        if held is not None:
            spots.append(held[2])
        at = self.chance.choice([*spots, self._anywhere()])
        end = at + QPoint(self.chance.randrange(-150, 150), self.chance.randrange(-100, 100))
        hand.press(port, at)
        hand.hold(port, (at + end) / 2)
        QApplication.processEvents()
        key, modifiers = self.chance.choice(
            (
                (_Key.Key_Escape, PLAIN), (_Key.Key_Z, CTRL), (_Key.Key_Z, CTRL | SHIFT), (_Key.Key_Delete, PLAIN),
                (_Key.Key_G, CTRL), (_Key.Key_A, CTRL), (_Key.Key_V, CTRL),
                (_Key.Key_Tab, PLAIN), (_Key.Key_L, PLAIN), (_Key.Key_Up, CTRL), (_Key.Key_M, PLAIN),
                (_Key.Key_X, CTRL), (_Key.Key_N, CTRL), (_Key.Key_W, CTRL), (_Key.Key_S, CTRL),
            )
        )  # fmt: skip
        view = self._tab().view
        self._press(key, modifiers, view)
        QApplication.processEvents()
        if self.window.tab is not None and self.window.tab.view is view:
            hand.hold(port, end)
            QApplication.processEvents()
            hand.release(port, end)
        elif view in [tab.view for tab in self.window.document_tabs()]:
            hand.release(port, end)

    def rubber(self) -> None:
        hand.drag(
            self._tab().view.viewport(), self._anywhere(), self._anywhere(), modifiers=self._some_modifiers()
        )

    def click(self) -> None:
        shape = self._node()
        at = self._head(shape) if shape is not None and self.chance.random() < 0.8 else self._anywhere()
        hand.click(self._tab().view.viewport(), at, modifiers=self._some_modifiers())

    def double_click(self) -> None:
        shape = self._node()
        at = self._head(shape) if shape is not None and self.chance.random() < 0.6 else self._anywhere()
        hand.double_click(self._tab().view.viewport(), at)

    def undo(self) -> None:
        for _turn in range(self.chance.choice((1, 1, 2, 5, 20))):
            self._press(_Key.Key_Z, CTRL)

    def redo(self) -> None:
        for _turn in range(self.chance.choice((1, 1, 2, 5, 20))):
            self._press(_Key.Key_Z, CTRL | SHIFT)

    def copy(self) -> None:
        self._press(_Key.Key_C, CTRL)

    def cut(self) -> None:
        self._press(_Key.Key_X, CTRL)

    def paste(self) -> None:
        if len(self._tab().view.model.shapes) <= MOST_NODES:
            self._press(_Key.Key_V, CTRL)

    def duplicate(self) -> None:
        if len(self._tab().view.model.shapes) <= MOST_NODES:
            self._press(_Key.Key_D, CTRL)

    def delete(self) -> None:
        self._press(self.chance.choice((_Key.Key_Delete, _Key.Key_Backspace)))

    def group(self) -> None:
        if len(self._tab().document.document.scopes) < 12:
            self._press(_Key.Key_G, CTRL)

    def ungroup(self) -> None:
        groups = [shape for shape in self._shapes() if shape.group]
        if groups:
            hand.click(self._tab().view.viewport(), self._head(self.chance.choice(groups)))
            self._press(_Key.Key_G, CTRL | SHIFT)

    def enter_group(self) -> None:
        groups = [shape for shape in self._shapes() if shape.group]
        if groups:
            hand.double_click(self._tab().view.viewport(), self._head(self.chance.choice(groups)))

    def leave(self) -> None:
        self._press(_Key.Key_Up, CTRL) if self.chance.random() < 0.7 else self._press(_Key.Key_Escape)

    def mute(self) -> None:
        self._press(self.chance.choice((_Key.Key_M, _Key.Key_B)))

    def put_in_order(self) -> None:
        self._press(*self.chance.choice(((_Key.Key_L, PLAIN), (_Key.Key_Left, CTRL | SHIFT),
                                         (_Key.Key_Up, CTRL | SHIFT), (_Key.Key_Down, CTRL | SHIFT))))  # fmt: skip

    def decorate(self) -> None:
        self._press(*self.chance.choice(((_Key.Key_J, CTRL), (_Key.Key_N, SHIFT))))

    def rename(self) -> None:
        self._press(_Key.Key_F2)
        focused = QApplication.focusWidget()
        if focused is not None and focused is not self._tab().view:
            self._type(self.chance.choice(TEXTS))
            QTest.keyClick(QApplication.focusWidget() or focused, _Key.Key_Return)

    def look_around(self) -> None:
        view = self._tab().view
        way = self.chance.randrange(5)
        if way == 0:
            hand.wheel(view.viewport(), self._anywhere(), self.chance.choice((-4, -1, 1, 4)))
        elif way == 1:
            hand.drag(view.viewport(), self._anywhere(), self._anywhere(), hand.MIDDLE)
        elif way == 2:
            self._press(self.chance.choice((_Key.Key_F, _Key.Key_Home, _Key.Key_Plus, _Key.Key_Minus)))
        elif way == 3:
            hand.point(view.viewport(), self._anywhere())
        else:
            self._press(self.chance.choice((_Key.Key_Up, _Key.Key_Down)), SHIFT)

    def find(self) -> None:
        self._press(_Key.Key_F, CTRL)
        self._type(self.chance.choice(("n", "add", "zzz", "3")))
        for key in (_Key.Key_Return, *((_Key.Key_Escape,) if self.chance.random() < 0.7 else ())):
            focused = QApplication.focusWidget()
            if focused is not None:
                QTest.keyClick(focused, key)

    # ----------------------------------------------------------------------------------------- the window

    def menu(self) -> None:
        """An entry of a menu, with the mouse."""
        bar = self.window.menuBar()
        head = self.chance.choice(bar.actions())
        hand.click(bar, bar.actionGeometry(head).center())
        menu = self._popup()
        if not isinstance(menu, QMenu):
            raise Broken(f"the menu {head.text()} does not open")
        shunned = {self.window.commands[name] for name in ("window.quit", *self._not_yet())}
        chosen = [
            each for each in menu.actions() if each.isEnabled() and not each.isSeparator() and not each.menu()
        ]
        chosen = [each for each in chosen if each not in shunned]
        if chosen:
            hand.click(menu, menu.actionGeometry(self.chance.choice(chosen)).center())

    def _not_yet(self) -> list[str]:
        parts = {"window.docs": "node_docs", "run.sweep": "sweep_dialog", "window.form": "form_view",
                 "window.tour": "first_run"}  # fmt: skip
        return [name for name, part in parts.items() if find_spec(f"meshloom.ui.window.{part}") is None]

    def any_key(self) -> None:
        keys = [*range(_Key.Key_A, _Key.Key_Z + 1), _Key.Key_Escape, _Key.Key_Return, _Key.Key_Left, _Key.Key_Right,
                _Key.Key_Tab, _Key.Key_F2, _Key.Key_Space, _Key.Key_1]  # fmt: skip
        key, modifiers = Qt.Key(self.chance.choice(keys)), self._some_modifiers()
        if modifiers == CTRL and key in (_Key.Key_Q, _Key.Key_A):
            return
        if modifiers == ALT:
            return
        focused = QApplication.focusWidget()
        QTest.keyClick(focused if focused is not None else self.window, key, modifiers)
        self._pick_node()

    def new_tab(self) -> None:
        if len(self.window.document_tabs()) < MOST_TABS:
            self._press(_Key.Key_N, CTRL, self.window)
        else:
            self.close_tab()

    def template(self) -> None:
        if len(self.window.document_tabs()) >= MOST_TABS:
            self.close_tab()
            return
        self._press(_Key.Key_Home, CTRL, self.window)
        gallery = self.window.start_page.gallery
        if gallery.isVisible() and gallery.model().rowCount():
            index = gallery.model().index(self.chance.randrange(gallery.model().rowCount()), 0)
            gallery.scrollTo(index)
            at = gallery.visualRect(index).center()
            hand.click(gallery.viewport(), at)
            QTest.keyClick(gallery, _Key.Key_Return)

    def other_tab(self) -> None:
        bar = self.window.tabs.tabBar()
        hand.click(bar, bar.tabRect(self.chance.randrange(bar.count())).center())

    def close_tab(self) -> None:
        tab = self.window.tab
        if tab is not None:
            self.check_loadable(tab)
            self.check_history(tab)
        self._press(_Key.Key_W, CTRL, self.window)

    def start_page(self) -> None:
        self._press(_Key.Key_Home, CTRL, self.window)
        page = self.window.start_page
        page.filter.setFocus()
        self._type(self.chance.choice(("photo", "zzz", "")))
        page.filter.clear()
        if self.chance.random() < 0.5:
            hand.click(page.ready_only, QPoint(8, page.ready_only.height() // 2))

    def save(self) -> None:
        """Save, under a new name (the file dialog answers at random) or again."""
        tab = self._tab()
        self._press(*((_Key.Key_S, CTRL) if self.chance.random() < 0.7 else (_Key.Key_S, CTRL | SHIFT)))
        path = tab.document.path
        if path is not None and tab.document.is_saved and path.parent == self.folder:
            specs = tab.document.specs
            if resolve(read_workflow(path), specs) != resolve(tab.document.snapshot(), specs):
                twins = [each.document.path for each in self.window.document_tabs()].count(path)
                raise Broken(
                    f"what was saved reads as something else ({twins} tabs of {path.name}):\n"
                    f"{path.read_text()}\n{dump(tab.document.snapshot())}"
                )
            self.checked["saved"] += 1

    def open(self) -> None:
        files = sorted(self.folder.glob("*.json"))
        if files and len(self.window.document_tabs()) < MOST_TABS:
            hand.drop(self.window, [self.chance.choice(files)])

    def drop_picture(self) -> None:
        hand.drop(self._tab(), [self.chance.choice(self._pictures)])

    # --------------------------------------------------------------------------------------------- running

    def _is_cheap(self) -> bool:
        graph = self._tab().document.snapshot()
        types = {node.type for group in (graph, *graph.groups.values()) for node in group.nodes.values()}
        return all(type_.startswith((*CHEAP, "group:", "image.")) for type_ in types)

    def run(self) -> None:
        self._press(_Key.Key_F5)
        if self._is_cheap() and self.chance.random() < 0.3:
            self._look_on(self.chance.choice((0.5, 1.5)))
        if not self._is_cheap():
            self.wait()
            self._press(_Key.Key_Period, CTRL)

    def run_part(self) -> None:
        if self._is_cheap():
            self._press(_Key.Key_F5, self.chance.choice((SHIFT, CTRL)))

    def stop(self) -> None:
        self._tab()
        self.window.commands[self.chance.choice(("run.cancel", "run.cancel_all"))].trigger()

    def live(self) -> None:
        if self._is_cheap():
            self._press(_Key.Key_L, CTRL)

    def pause(self) -> None:
        runs = self.window.bench.runs
        runs.pause(not runs.paused if self.chance.random() < 0.3 else False)

    def wait(self) -> None:
        """Look on for a moment."""
        self._look_on(self.chance.choice((0.01, 0.05, 0.2)))

    def _look_on(self, seconds: float) -> None:
        until, runs = time.monotonic() + seconds, self.window.bench.runs
        while time.monotonic() < until:
            QApplication.processEvents()
            time.sleep(0.005)
            if seconds > 0.2 and runs.current is None:
                return

    # ------------------------------------------------------------------------------------------- the docks

    def dock(self) -> None:
        dock = self.chance.choice(list(self.window.docks.values()))
        way = self.chance.randrange(5)
        if way < 3:
            dock.toggleViewAction().trigger()
        elif way == 3:
            dock.setFloating(not dock.isFloating())
        else:
            dock.raise_()

    def viewer(self) -> None:
        viewers = self.window.viewers
        way = self.chance.randrange(5)
        if way == 0 and len(viewers) < 4:
            self._press(_Key.Key_V, CTRL | SHIFT)
            return
        viewer = self.chance.choice(viewers)
        if way == 1:
            viewer.pin.click()
        elif way == 2:
            self.chance.choice(viewer.compare.menu().actions()).trigger()
        elif way == 3 and viewer.output.count() > 1:
            viewer.output.setCurrentIndex(self.chance.randrange(viewer.output.count()))
        elif viewer is not viewers[0] and isinstance(viewer.parentWidget(), QDockWidget):
            viewer.parentWidget().close()

    def inspector(self) -> None:
        """A click on something in the inspector, and typing."""
        shape = self._node()
        if shape is not None and self.chance.random() < 0.5:
            hand.click(self._tab().view.viewport(), self._head(shape))
        inspector = self.window.inspector
        if not inspector.isVisible() or not inspector.fields:
            return
        field = self.chance.choice(list(inspector.fields.values()))
        inspector.ensureWidgetVisible(field)
        children = [each for each in field.findChildren(QWidget) if each.isVisible() and each.isEnabled()]
        target = self.chance.choice([field, *children])
        hand.click(target, target.rect().center())
        popup = self._popup()
        if popup is not None:
            for _step in range(self.chance.randrange(3)):
                QTest.keyClick(popup, _Key.Key_Down)
            QTest.keyClick(popup, _Key.Key_Return)
            return
        focused = QApplication.focusWidget()
        if focused is not None and inspector.isAncestorOf(focused):
            self._type(self.chance.choice(TEXTS))
            QTest.keyClick(QApplication.focusWidget() or focused, _Key.Key_Return)

    def outline(self) -> None:
        tree = self.window.docks["outline"].widget()
        if tree is None or not tree.isVisible():
            self.window.docks["outline"].toggleViewAction().trigger()
            return
        items = getattr(tree, "_items", list)()
        if items:
            item = self.chance.choice(items)
            tree.scrollToItem(item)
            hand.click(tree.viewport(), tree.visualItemRect(item).center())

    def history(self) -> None:
        view = self.window.history_view
        if not view.isVisible():
            self.window.docks["history"].show()
            self.window.docks["history"].raise_()
            return
        if view.topLevelItemCount() and len(self.window.document_tabs()) < MOST_TABS:
            item = view.topLevelItem(self.chance.randrange(min(4, view.topLevelItemCount())))
            hand.click(view.viewport(), view.visualItemRect(item).center())
            if self.chance.random() < 0.8:
                QTest.keyClick(view, _Key.Key_Return)
            else:
                self.chance.choice(view.actions()).trigger()

    # -------------------------------------------------------------------------------------- looks and keys

    def theme(self) -> None:
        self.window.bench.settings.set("theme", self.chance.choice(("dark", "light")))
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.use(self.window.bench.settings.choices.theme, application)

    def keymap(self) -> None:
        """Try another keymap, and come back: the monkey knows only one."""
        self.window.bench.keymap.use(self.chance.choice(("blender", "comfyui", "nuke")))
        QApplication.processEvents()
        self.window.bench.keymap.use("meshloom")

    def size(self) -> None:
        self.window.resize(self.chance.randrange(700, 1400), self.chance.randrange(500, 900))

    def dialog(self) -> None:
        """Open a dialog, press something in it."""
        name = self.chance.choice(("window.settings", "window.shortcuts", "window.docs", "run.sweep"))
        if name in self._not_yet():
            return
        self._tab()
        self.window.commands[name].trigger()
        QApplication.processEvents()
        focused = QApplication.focusWidget()
        if focused is not None:
            for _turn in range(3):
                QTest.keyClick(
                    focused, self.chance.choice((_Key.Key_Tab, _Key.Key_Down, _Key.Key_A, _Key.Key_Space))
                )

    # --------------------------------------------------------------------------------------------- ending

    def finish(self) -> None:
        """Everything is checked once more; the window is left idle."""
        window = self.window
        for tab in window.document_tabs():
            tab.set_live(False)
            self.check_loadable(tab)
            self.check_view(tab)
            self.check_history(tab)
        window.bench.runs.pause(False)
        window.bench.runs.cancel_all()
        until = time.monotonic() + 20
        while (window.bench.runs.current is not None or window.bench.runs.queue) and time.monotonic() < until:
            QApplication.processEvents()
            time.sleep(0.005)
        if window.bench.runs.current is not None:
            raise Broken("a cancelled run does not end")
        self.settle()


@contextlib.contextmanager
def answers(folder: Path, chance: random.Random) -> Iterator[None]:
    """File dialogs, which wait for a person, answer at once; nothing is opened outside the window."""
    held = QFileDialog.getSaveFileName, QFileDialog.getOpenFileNames, QDesktopServices.openUrl

    def save(*_said: object) -> tuple[str, str]:
        name = chance.choice(("a", "b.json", "c.json", "ü 漢.json", ""))
        return (str(folder / name) if name else "", "")

    def several(*_said: object) -> tuple[list[str], str]:
        files = sorted(folder.glob("*.json"))
        return ([str(chance.choice(files))] if files and chance.random() < 0.3 else [], "")

    QFileDialog.getSaveFileName = save  # type: ignore[method-assign,assignment]
    QFileDialog.getOpenFileNames = several  # type: ignore[method-assign,assignment]
    QDesktopServices.openUrl = lambda *_said: True  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        QFileDialog.getSaveFileName, QFileDialog.getOpenFileNames, QDesktopServices.openUrl = held


def _differences(one: Any, other: Any, place: str = "") -> Iterator[str]:
    """Where two trees differ, and how."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _differences(one.get(key, "-"), other.get(key, "-"), f"{place}/{key}")
    elif one != other:
        yield f"{place}: {one!r} became {other!r}"


def _warm_up() -> None:
    """Use the parts that take much memory once they are needed: that is no leak."""
    import numpy as np
    from skimage.metrics import structural_similarity

    for name in LARGE:
        import_module(name)
    structural_similarity(np.zeros((16, 16)), np.ones((16, 16)), data_range=1.0)
    # Drawing in 3D compiles, or loads, its kernels.
    corners = np.eye(3, dtype=np.float32)
    made = [
        make(Mesh(corners, np.array([[0, 1, 2]], np.int32), colours=np.full((3, 3), 200, np.uint8))),
        make(PointCloud(np.random.default_rng(0).random((2000, 3)).astype(np.float32))),
    ]
    view = Eye().fitted(np.zeros(3), np.ones(3)).view((640, 480))
    for shading in SHADINGS:
        draw(made, view, Style(shading=shading, wireframe=True))


def resident() -> float:
    """Megabytes that this process has in memory, after giving back what it no longer needs."""
    import psutil

    for _turn in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_info().rss / 1e6


def play(seed: int, actions: int, folder: Path, warm: int = 500, every: int = 50) -> dict[str, Any]:
    """A whole session of random actions in a new window; what was found. The environment says where things go."""
    folder.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {"seed": seed, "actions": 0, "faults": [], "grown_mb": 0.0, "cpu_s": 0.0}
    begun = time.process_time()
    results._BUDGET = pictures._BUDGET = 8 << 20  # a cache that fills up is no leak
    with Watch() as watch:
        window = MainWindow(make_workbench(find_nodes(SAMPLES, packs=False)), ask=False)
        window.resize(1200, 800)
        window.show()
        window.activateWindow()
        QApplication.processEvents()
        monkey = Monkey(window, folder, seed)
        if actions > warm:
            _warm_up()
        before = 0.0
        with answers(folder, monkey.chance):
            try:
                for count in range(1, actions + 1):
                    monkey.act()
                    report["actions"] = count
                    if count % every == 0:
                        monkey.check()
                    if count == warm:
                        before = resident()
                        report["rss_mb"] = [round(before, 1)]
                    elif count > warm and count % 500 == 0:
                        report["rss_mb"].append(round(resident(), 1))
                    if watch.faults:
                        break
                monkey.finish()
            except Exception:
                watch.faults.append(traceback.format_exc())
            if before:
                report["held_mb"] = round(resident() - before, 1)
                for (
                    tab
                ) in window.document_tabs():  # what is shown is in memory with good reason; what stays is not
                    window.tabs.setCurrentWidget(tab)
                    window.close_tab()
                report["grown_mb"] = round(resident() - before, 1)
            window.close()
            QApplication.processEvents()
        report["faults"] = watch.faults[:5]
        report["cpu_s"] = round(time.process_time() - begun, 1)
        report["loaded"] = sorted(
            {"torch", "open3d", "numba", "scipy", "skimage", "cv2", "pyqtgraph"} & {*sys.modules}
        )
        report["last"] = list(monkey.done)[-12:]
        report["did"] = dict(monkey.counts)
        report["checked"], report["runs"] = dict(monkey.checked), dict(monkey.runs)
    return report


def main() -> None:
    """``SEED ACTIONS`` on the command line; everything is kept in a folder that goes afterwards."""
    faulthandler.enable()
    seed, actions = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        for name in ("CACHE", "CONFIG", "DATA"):
            os.environ[f"MESHLOOM_{name}"] = str(Path(place) / name.lower())
        os.environ.update(MESHLOOM_NODES=str(SAMPLES), MESHLOOM_DEVICE="cpu", HOME=place)
        application = QApplication(["monkey"])
        words.speak("en")
        theme.use("dark", application)
        print(json.dumps(play(seed, actions, Path(place) / "files")), flush=True)
    sys.stdout.flush()
    os._exit(0)
