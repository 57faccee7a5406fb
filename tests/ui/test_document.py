"""The open document: steps that can be undone, refusals that change nothing, a file that is whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.edits import Add, Batch, Move, NewLink, Set
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.graph import NodeData
from meshloom.ui.document import OpenDocument, open_file

ADD = Batch(
    (
        Add("blur", NodeData("image.blur"), (0.0, 0.0)),
        Add("resize", NodeData("image.resize"), (200.0, 0.0)),
        NewLink("blur", "image", "resize", "image"),
    ),
    "Add two",
)


def test_a_step_is_undone_and_done_again(catalog: Catalog) -> None:
    document = OpenDocument(catalog)
    heard = []
    document.changed.connect(heard.append)
    empty = document.snapshot()
    assert document.do(ADD)
    full = document.snapshot()
    assert document.undo_stack.undoText() == "Add two"
    assert ("linked", "", "resize") in heard[0]
    document.undo_stack.undo()
    assert document.snapshot() == empty
    document.undo_stack.redo()
    assert document.snapshot() == full
    assert len(heard) == 3


def test_a_refused_edit_changes_nothing_and_says_why(catalog: Catalog) -> None:
    document = OpenDocument(catalog)
    document.do(ADD)
    before, refusals = document.snapshot(), []
    document.refused.connect(refusals.append)
    assert not document.do(NewLink("resize", "image", "blur", "image"))
    assert document.snapshot() == before
    assert "cycle" in str(refusals[0])
    assert document.undo_stack.count() == 1


def test_dragging_a_slider_is_one_step(catalog: Catalog) -> None:
    document = OpenDocument(catalog)
    document.do(ADD)
    before = document.snapshot()
    for radius in (1.0, 2.0, 3.0):
        document.do(Set("blur", "radius", radius), merge="blur.radius.1")
    document.do(Set("blur", "radius", 4.0), merge="blur.radius.2")
    assert document.undo_stack.count() == 3
    document.undo_stack.undo()
    assert document.snapshot().nodes["blur"].params["radius"] == 3.0
    document.undo_stack.undo()
    assert document.snapshot() == before
    document.undo_stack.redo()
    assert document.snapshot().nodes["blur"].params["radius"] == 3.0


def test_a_drag_of_any_length_can_be_undone(catalog: Catalog) -> None:
    document = OpenDocument(catalog)
    document.do(ADD)
    before = document.snapshot()
    for count in range(3000):
        both = Set("blur", "radius", 1.0 + count), Move("blur", (float(count), 0.0))
        document.do(both[0] if count % 2 else Batch(both), merge="one")
    after = document.snapshot()
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert document.snapshot() == before
    document.undo_stack.redo()
    assert document.snapshot() == after


def test_saving_and_opening_gives_the_same_graph(catalog: Catalog, tmp_path: Path) -> None:
    document = OpenDocument(catalog)
    document.do(ADD)
    assert not document.is_saved
    document.save(tmp_path / "two.json")
    assert document.is_saved and document.title == "two"
    again = open_file(tmp_path / "two.json", catalog)
    assert again.snapshot() == document.snapshot()
    assert again.is_saved


def test_a_failed_save_leaves_the_file_and_the_state(catalog: Catalog, tmp_path: Path) -> None:
    document = OpenDocument(catalog)
    document.do(ADD)
    with pytest.raises(MeshloomError):
        document.save(tmp_path / "no such folder" / "two.json")
    assert not document.is_saved and document.path is None


def test_qt_keeps_the_reference_count_of_none(qapp: QApplication) -> None:
    """PySide6 6.12 on Python 3.11 drops a reference to None with every void call, until the process aborts."""
    import sys

    from PySide6.QtWidgets import QWidget

    widget = QWidget()
    before = sys.getrefcount(None)
    for width in range(2000):
        widget.resize(width, 10)
    assert sys.getrefcount(None) > before - 500
    widget.deleteLater()
