"""The window as its users see it: a template run to its end, results looked at, compared, saved and found again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QMenu, QToolButton
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.formats.splats import write_splats
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.graph_runtime.preset import read_workflow, resolve
from meshloom.graph_runtime.types import Splats
from meshloom.ui.canvas.model import rect_of
from meshloom.ui.look.image_view import ImageView
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.main_window import MainWindow

from ..hand import click, drop
from .conftest import GRAPH, choose, shows

Run = Callable[[], RunInfo]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def pick(button: QToolButton, words: str) -> None:
    """An entry of a button's menu, with the mouse. The menu runs a loop of its own until something is chosen."""
    menu = button.menu()

    def choose_entry() -> None:
        (action,) = [each for each in menu.actions() if each.text() == words]
        click(menu, menu.actionGeometry(action).center())
        menu.hide()

    QTimer.singleShot(50, menu, choose_entry)
    click(button, button.rect().center())


def test_a_template_from_the_start_page_runs_to_its_end(window: MainWindow, qtbot: QtBot) -> None:
    gallery = window.start_page.gallery
    (row,) = [index for index, card in enumerate(gallery.cards()) if card.key.endswith("sweep_demo.json")]
    index = gallery.model().index(row, 0)
    gallery.scrollTo(index)
    click(gallery.viewport(), gallery.visualRect(index).center())
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    tab = window.tab
    assert tab is not None and tab.document.path is None and len(tab.document.document.names()) == 9
    with qtbot.waitSignal(window.bench.runs.ended, timeout=60_000) as ended:
        qtbot.keyClick(tab.view, Qt.Key.Key_F5)
        assert window.progress.isVisible()
    run: RunInfo = ended.args[0]
    assert (run.state, run.computed) == ("done", 9)
    assert {status.state for status in tab.view.model.statuses.values()} == {"done"}
    assert set(tab.view.model.statuses) == set(tab.document.document.names())
    assert "9 computed" in window.note.text() and not window.progress.isVisible()
    qtbot.waitUntil(lambda: tab.view.model.statuses["captioned"].thumbnail is not None, timeout=10_000)
    tab.view.show_node("captioned")
    viewer = window.viewers[0]
    qtbot.waitUntil(lambda: isinstance(viewer.stack.currentWidget(), ImageView), timeout=10_000)
    assert viewer.value.width == 400


def test_two_pictures_are_compared(window: MainWindow, tab: DocumentTab, run: Run, qtbot: QtBot) -> None:
    run()
    viewer = window.viewers[0]
    choose(tab, "dark")
    shows(viewer, qtbot, 0.2)
    pick(viewer.compare, "Use as A")
    assert "is A" in window.note.text() and not window.docks["compare"].isVisible()
    choose(tab, "light")
    shows(viewer, qtbot, 0.5)
    pick(viewer.compare, "Use as B")
    assert window.docks["compare"].isVisible()
    held = [value for value, _title in window.comparing.chosen]  # type: ignore[misc]
    assert [round(float(value.pixels.mean()), 3) for value in held] == [0.2, 0.5]
    shown = np.asarray(window.comparing.pictures.grab().toImage().constBits())
    assert len(np.unique(shown)) > 8  # something is painted


def test_saved_closed_and_opened_again_it_is_equal(
    window: MainWindow, tab: DocumentTab, qtbot: QtBot, tmp_path: Path, save_to: Callable[[Path], None]
) -> None:
    save_to(tmp_path / "work.json")
    choose(tab, "sum")
    qtbot.keyClick(tab.view, Qt.Key.Key_M)
    before = tab.document.snapshot()
    assert window.windowTitle().startswith("Untitled •")
    qtbot.keyClick(tab.view, Qt.Key.Key_S, CTRL)
    assert window.windowTitle() == "work — Meshloom" and "work.json" in window.note.text()
    assert window.tabs.tabText(window.tabs.currentIndex()) == "work"
    qtbot.keyClick(tab.view, Qt.Key.Key_W, CTRL)
    assert window.document_tabs() == []
    recent = window.start_page.recent
    assert [card.title for card in recent.cards()] == ["work"]
    qtbot.keyClick(recent, Qt.Key.Key_Return)
    assert window.tab is not None and window.tab.document.snapshot() == before
    assert window.tab.document.is_saved


def test_the_title_marks_what_is_not_saved(
    window: MainWindow, tab: DocumentTab, qtbot: QtBot, tmp_path: Path, save_to: Callable[[Path], None]
) -> None:
    assert "•" not in window.windowTitle()
    choose(tab, "sum")
    qtbot.keyClick(tab.view, Qt.Key.Key_B)
    assert "•" in window.windowTitle() and "•" in window.tabs.tabText(window.tabs.currentIndex())
    qtbot.keyClick(tab.view, Qt.Key.Key_Z, CTRL)
    assert "•" not in window.windowTitle()
    qtbot.keyClick(tab.view, Qt.Key.Key_Z, CTRL | SHIFT)
    assert "•" in window.windowTitle()
    save_to(tmp_path / "a.json")
    qtbot.keyClick(tab.view, Qt.Key.Key_S, CTRL)
    assert "•" not in window.windowTitle()
    qtbot.keyClick(tab.view, Qt.Key.Key_Z, CTRL)
    assert "•" in window.windowTitle()


def test_saving_over_the_file_of_another_tab_leaves_that_one_unsaved(
    window: MainWindow, tab: DocumentTab, qtbot: QtBot, tmp_path: Path, save_to: Callable[[Path], None]
) -> None:
    save_to(tmp_path / "work.json")
    qtbot.keyClick(tab.view, Qt.Key.Key_S, CTRL)
    kept = tab.document.snapshot()
    other = window.files.new()
    qtbot.keyClick(other.view, Qt.Key.Key_S, CTRL)
    assert other.document.path == tmp_path / "work.json" and other.document.is_saved
    assert tab.document.path is None and not tab.document.is_saved
    assert tab.document.title == "work" and tab.document.folder == tmp_path
    window.tabs.setCurrentWidget(tab)
    save_to(tmp_path / "again.json")
    qtbot.keyClick(tab.view, Qt.Key.Key_S, CTRL)
    assert resolve(read_workflow(tmp_path / "again.json"), tab.document.specs) == kept
    assert not read_workflow(tmp_path / "work.json").nodes


def test_undo_names_the_step(window: MainWindow, tab: DocumentTab, qtbot: QtBot) -> None:
    choose(tab, "sum")
    qtbot.keyClick(tab.view, Qt.Key.Key_M)
    qtbot.keyClick(tab.view, Qt.Key.Key_Z, CTRL)
    assert window.note.text() == "Undone: Mute"
    qtbot.keyClick(tab.view, Qt.Key.Key_Z, CTRL | SHIFT)
    assert window.note.text() == "Done again: Mute"


def test_an_entry_of_the_history_opens_its_graph(
    window: MainWindow, tab: DocumentTab, run: Run, qtbot: QtBot
) -> None:
    run()
    choose(tab, "number")
    qtbot.keyClick(tab.view, Qt.Key.Key_Delete)
    window.docks["history"].show()
    window.docks["history"].raise_()
    view = window.history_view
    qtbot.waitUntil(lambda: view.isVisible() and view.topLevelItemCount() == 1, timeout=2000)
    click(view.viewport(), view.visualItemRect(view.topLevelItem(0)).center())
    view.actions()[0].trigger()
    assert len(window.document_tabs()) == 2 and window.tab is not tab
    assert window.tab is not None and window.tab.document.snapshot() == GRAPH


def test_a_result_dropped_on_the_window_brings_its_graph(
    window: MainWindow, run: Run, tmp_path: Path, qtbot: QtBot
) -> None:
    graph = GraphData(
        {
            "picture": NodeData("image.generate", {"width": 32, "height": 24}),
            "file": NodeData("image.save", {"name": "made"}, {"image": Link("picture", "image")}),
        }
    )
    window.open_graph(graph)
    assert run().state == "done"
    (made,) = (tmp_path / "home").rglob("made.png")
    qtbot.keyClick(window.tab.view, Qt.Key.Key_W, CTRL)  # type: ignore[union-attr]
    assert drop(window, [made])
    qtbot.waitUntil(lambda: window.tab is not None)
    nodes = window.tab.document.snapshot().nodes
    assert {name: node.type for name, node in nodes.items()} == {
        "picture": "image.generate",
        "file": "image.save",
    }
    assert nodes["file"].links == graph.nodes["file"].links
    assert window.tab is not None and window.tab.title == "made" and window.tab.document.path is None


def test_a_picture_dropped_on_the_canvas_becomes_a_node(
    window: MainWindow, tab: DocumentTab, tmp_path: Path
) -> None:
    picture = QImage(8, 8, QImage.Format.Format_RGB888)
    picture.fill(QColor("red"))
    assert picture.save(str(tmp_path / "red.png"))
    before = set(tab.document.document.names())
    assert drop(tab, [tmp_path / "red.png"])
    (name,) = set(tab.document.document.names()) - before
    node = tab.document.document.node(name)
    assert node.type == "image.load" and str(node.params["file"]) == str(tmp_path / "red.png")
    assert tab.view.selection == [name] and len(window.document_tabs()) == 1


def test_many_files_dropped_at_once_do_not_pile_up(
    window: MainWindow, tab: DocumentTab, tmp_path: Path
) -> None:
    picture = QImage(8, 8, QImage.Format.Format_RGB888)
    photos = [tmp_path / f"ö {k}.png" for k in range(3)]
    for photo in photos:
        assert picture.save(str(photo))
    (tmp_path / "transforms.json").write_text('{"frames": []}')
    (tmp_path / "notes.nothing").write_text("nothing that any node reads")
    before = set(tab.document.document.names())
    assert drop(tab, [*photos, tmp_path / "transforms.json", tmp_path, tmp_path / "notes.nothing"])
    added = [name for name in tab.document.document.names() if name not in before]
    nodes = {tab.document.document.node(name).type: name for name in added}
    assert list(nodes) == ["photo.load_files", "cameras.load", "photo.load_folder"]
    held = tab.document.document.node(nodes["photo.load_files"]).params["files"]
    assert [str(each) for each in held] == [str(photo) for photo in photos]
    boxes = [rect_of(shape) for shape in tab.view.model.shapes.values()]
    assert not any(boxes[i].intersects(box) for i in range(len(boxes)) for box in boxes[:i])
    assert "notes.nothing" in window.note.text() and len(window.document_tabs()) == 1


def test_menus_tell_the_keys_that_are_in_use(window: MainWindow, tab: DocumentTab) -> None:
    def told(menu: str, words: str) -> str:
        (head_,) = [each for each in window.menuBar().actions() if each.text() == menu]
        held = head_.menu()
        assert isinstance(held, QMenu)
        (entry,) = [each for each in held.actions() if each.text().partition("\t")[0] == words]
        return entry.text().partition("\t")[2] or entry.shortcut().toString()

    assert told("Graph", "Mute") == "M" and told("Run", "Run") == "F5"
    window.bench.keymap.remap("canvas.mute", ["Ctrl+Alt+9"])
    window.bench.keymap.remap("run.all", ["F8"])
    assert told("Graph", "Mute") == "Ctrl+Alt+9" and told("Run", "Run") == "F8"
    window.bench.keymap.remap("canvas.mute", None)
    window.bench.keymap.use("nuke")
    (mute,) = [command for command, _action in window.bench.keymap.commands() if command.id == "canvas.mute"]
    assert told("Graph", "Mute") == window.bench.keymap.keys(mute)[0] != "M"


def test_a_click_on_a_tab_gives_the_keys_to_its_graph(
    window: MainWindow, tab: DocumentTab, qtbot: QtBot
) -> None:
    window.new()
    bar = window.tabs.tabBar()
    for index in (0, 1, 0):
        bar.setFocus()
        click(bar, bar.tabRect(index).center())
        qtbot.waitUntil(lambda: window.tab is not None and window.tab.view.hasFocus())


@pytest.mark.parametrize("kind", ["ply", "compressed.ply", "splat", "spz", "glb"])
def test_a_file_of_splats_becomes_the_node_that_reads_them(
    window: MainWindow, kind: str, tmp_path: Path
) -> None:
    splats = Splats(
        np.random.default_rng(0).uniform(-1, 1, (300, 3)).astype(np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (300, 1)),
        np.full((300, 3), 0.1, np.float32),
        np.full(300, 0.5, np.float32),
        np.zeros((300, 4, 3), np.float32),
    )
    file = tmp_path / f"scene.{kind}"
    file.write_bytes(write_splats(splats, kind))
    window.files.take_files([str(file)])
    assert window.tab is not None
    (node,) = window.tab.document.document.group("").nodes.values()
    assert (node.type, node.params["file"]) == ("splats.load", str(file))


@pytest.mark.parametrize("type_", ["cloud.load", "mesh.load"])
def test_a_cloud_or_a_mesh_is_not_taken_for_splats(window: MainWindow, type_: str, tmp_path: Path) -> None:
    file = tmp_path / ("thing.ply" if type_ == "cloud.load" else "thing.glb")
    file.write_bytes(b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nend_header\n0\n")
    window.files.take_files([str(file)])
    assert window.tab is not None
    (node,) = window.tab.document.document.group("").nodes.values()
    assert node.type == type_
