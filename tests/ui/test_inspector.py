"""The inspector over a real document: what is typed and dragged becomes named steps, each undone as one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.document import DEFAULT, ROOT
from meshloom.graph_runtime.edits import Set
from meshloom.graph_runtime.graph import GraphData, GroupData, Link, NodeData
from meshloom.ui.canvas.shape import shape_of
from meshloom.ui.document import OpenDocument
from meshloom.ui.fields.number import NumberField
from meshloom.ui.fields.others import ChoiceField
from meshloom.ui.inspector import Inspector
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.window.sweep_axis import AxisRow
from meshloom.ui.words import _, speak

from .hand import click, drag, wheel

GRAPH = GraphData(
    {
        "photo": NodeData("image.generate"),
        "adjust": NodeData("image.adjust", {"contrast": 0.25}, {"image": Link("photo", "image")}),
        "second": NodeData("image.adjust", {"exposure": 1.0}),
        "size": NodeData("image.resize", {}, {"image": Link("adjust", "image")}),
        "ghost": NodeData(
            "image.adjustt", {"exposure": 2.0, "unheard": 3}, {"image": Link("photo", "image")}
        ),
        "after": NodeData("image.blur", {}, {"image": Link("ghost", "image")}),
        "inside": NodeData("group:Soft"),
    },
    {"Soft": GroupData({"blur": NodeData("image.blur")})},
)


@pytest.fixture
def document(catalog: Catalog) -> OpenDocument:
    return OpenDocument(catalog, GRAPH)


@pytest.fixture
def inspector(qtbot: QtBot, document: OpenDocument) -> Iterator[Inspector]:
    made = Inspector()
    qtbot.addWidget(made)
    made.resize(360, 900)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.set_document(document)
    yield made
    made.set_document(None)
    made.close()


def show(inspector: Inspector, *names: str, scope: str = "") -> None:
    inspector.show_nodes(list(names), scope)
    QGuiApplication.processEvents()


def number(inspector: Inspector, name: str) -> NumberField:
    field = inspector.fields[name]
    assert isinstance(field, NumberField)
    return field


def words(inspector: Inspector) -> str:
    return "\n".join(each.text() for each in inspector.widget().findChildren(QLabel) if each.isVisible())


def buttons(inspector: Inspector, text: str) -> list[QToolButton]:
    return [each for each in inspector.widget().findChildren(QToolButton) if each.text() == text]


def params(document: OpenDocument, name: str) -> dict[str, object]:
    return dict(document.document.node(name).params)


def test_there_is_a_field_for_every_parameter_with_its_value(
    inspector: Inspector, document: OpenDocument, catalog: Catalog
) -> None:
    show(inspector, "adjust")
    spec = catalog["image.adjust"]
    assert list(inspector.fields) == [param.name for param in spec.params]
    for param in spec.params:
        assert inspector.fields[param.name].value == (0.25 if param.name == "contrast" else param.default)
    assert spec.summary in words(inspector)


def test_nothing_selected_says_what_to_do(inspector: Inspector) -> None:
    show(inspector)
    assert "Select a node" in words(inspector) and inspector.fields == {}


def test_a_number_is_typed(qtbot: QtBot, inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "adjust")
    field = number(inspector, "exposure")
    click(field.bar, field.bar.rect().center())
    qtbot.keyClicks(field.entry, "1.25")
    assert "exposure" not in params(document, "adjust"), "half-typed numbers are nobody's business"
    qtbot.keyClick(field.entry, Qt.Key.Key_Return)
    assert params(document, "adjust")["exposure"] == 1.25
    assert document.undo_stack.count() == 1 and document.undo_stack.undoText() == "Set Exposure"
    document.undo_stack.undo()
    assert "exposure" not in params(document, "adjust")
    assert number(inspector, "exposure") is field and field.value == 0.0 and field.bar.value == 0.0


def test_a_dragged_slider_is_one_step_and_tells_all_the_way(
    inspector: Inspector, document: OpenDocument
) -> None:
    show(inspector, "adjust")
    seen: list[object] = []
    document.changed.connect(lambda _changes: seen.append(params(document, "adjust").get("exposure")))
    bar = number(inspector, "exposure").bar
    drag(bar, QPoint(bar.width() // 2, 10), QPoint(bar.width(), 10), steps=8)
    assert len(set(seen)) > 4, "what is dragged is seen while it is dragged"
    assert document.undo_stack.count() == 1
    last = seen[-1]
    document.undo_stack.undo()
    assert "exposure" not in params(document, "adjust")
    document.undo_stack.redo()
    assert params(document, "adjust")["exposure"] == last != 0


def test_two_drags_are_two_steps(inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "adjust")
    bar = number(inspector, "exposure").bar
    drag(bar, QPoint(bar.width() // 2, 10), QPoint(bar.width() // 2 + 30, 10))
    first = params(document, "adjust")["exposure"]
    drag(bar, QPoint(bar.width() // 2, 10), QPoint(bar.width() // 2 + 30, 10))
    assert params(document, "adjust")["exposure"] > first
    document.undo_stack.undo()
    assert params(document, "adjust")["exposure"] == first


def test_the_wheel_changes_nothing_until_the_field_has_the_focus(
    inspector: Inspector, document: OpenDocument
) -> None:
    show(inspector, "adjust")
    before = document.snapshot()
    for field in inspector.fields.values():
        inner = field.bar if isinstance(field, NumberField) else field.focusProxy()
        assert isinstance(inner, QWidget)
        wheel(inner, inner.rect().center(), 1)
    assert document.snapshot() == before and document.undo_stack.count() == 0
    bar = number(inspector, "exposure").bar
    bar.setFocus()
    wheel(bar, bar.rect().center(), 1)
    assert params(document, "adjust")["exposure"] > 0


def test_reset_goes_back_to_the_default(inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "adjust")
    resets = [each for each in buttons(inspector, "↺") if each.isVisible()]
    assert len(resets) == 1, "only what is not at its default can be reset"
    click(resets[0], resets[0].rect().center())
    assert params(document, "adjust") == {}
    assert inspector.fields["contrast"].value == inspector.fields["contrast"].param.default
    assert not resets[0].isVisible()
    document.undo_stack.undo()
    assert params(document, "adjust") == {"contrast": 0.25} and resets[0].isVisible()


def test_a_choice_is_made(qtbot: QtBot, inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "size")
    field = next(each for each in inspector.fields.values() if isinstance(each, ChoiceField))
    qtbot.keyClick(field.box, Qt.Key.Key_Down)
    held = params(document, "size")[field.param.name]
    assert held in field.param.options and held != field.param.default


def test_a_choice_is_shown_in_portuguese_and_stored_in_english(
    qtbot: QtBot, inspector: Inspector, catalog: Catalog
) -> None:
    document = OpenDocument(catalog, GraphData({"blend": NodeData("image.blend", {"mode": "screen"})}))
    speak("pt_BR")
    try:
        inspector.set_document(document)
        show(inspector, "blend")
        field = inspector.fields["mode"]
        assert isinstance(field, ChoiceField) and field.box.currentText() == _("screen") == "divisão"
        qtbot.keyClick(field.box, Qt.Key.Key_Down)
        assert params(document, "blend") == {"mode": "overlay"} and field.box.currentText() == "sobreposição"
        held = document.document.node("blend")
        painted = shape_of(document.document, ROOT, "blend", held, (0.0, 0.0), False).fields
        assert "sobreposição" in [each.text for each in painted]
        assert field.toolTip() == "como as cores das duas se combinam"
        swept = AxisRow("blend.mode", "Mode", field.param, "screen", document.snapshot(), catalog)
        qtbot.addWidget(swept)
        assert swept.list.text().startswith("normal, multiplicação, divisão, sobreposição")
        assert swept.axis is not None and swept.axis.values == field.param.options
    finally:
        speak("en")


def test_changes_from_elsewhere_are_shown(inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "adjust")
    field = number(inspector, "exposure")
    document.do(Set("adjust", "exposure", 2.0))
    assert number(inspector, "exposure") is field and field.value == 2.0 and field.bar.value == 2.0
    document.do(Set("adjust", "exposure", DEFAULT))
    assert field.value == 0.0


def test_a_linked_parameter_says_where_its_value_comes_from(inspector: Inspector, catalog: Catalog) -> None:
    spec = catalog["image.adjust"]
    node, output = next(
        (each, port.name)
        for each in sorted(catalog)
        for port in catalog[each].outputs
        if port.wire.base is float and not port.wire.many
    )
    held = GraphData(
        {"n": NodeData(node), "adjust": NodeData("image.adjust", {}, {"exposure": Link("n", output)})}
    )
    inspector.set_document(OpenDocument(catalog, held))
    show(inspector, "adjust")
    assert "exposure" not in inspector.fields and len(inspector.fields) == len(spec.params) - 1
    assert "from n." in words(inspector)


def test_pins_are_made_and_taken_back(inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "adjust")
    pin = buttons(inspector, "○")[0]
    click(pin, pin.rect().center())
    first = next(iter(inspector.fields))
    assert document.document.extras["pins"] == [f"adjust.{first}"]
    (pinned,) = buttons(inspector, "●")
    click(pinned, pinned.rect().center())
    assert "pins" not in document.document.extras and buttons(inspector, "●") == []
    document.undo_stack.undo()
    assert document.document.extras["pins"] == [f"adjust.{first}"] and len(buttons(inspector, "●")) == 1


def test_inside_a_group_a_parameter_is_made_the_groups_own_and_is_set_on_its_instance(
    inspector: Inspector, document: OpenDocument
) -> None:
    show(inspector, "blur", scope="Soft")
    promote = next(each for each in buttons(inspector, "○") if "radius" in each.accessibleName())
    click(promote, promote.rect().center())
    assert document.document.group("Soft").params == {"radius": ("blur", "radius")}
    instance = next(
        name for name in document.document.names() if document.document.node(name).type == "group:Soft"
    )
    show(inspector, instance)
    assert list(inspector.fields) == ["radius"]
    inspector.fields["radius"].changed.emit(7.5)
    assert document.document.node(instance).params == {"radius": 7.5}
    show(inspector, "blur", scope="Soft")
    (promoted,) = list(buttons(inspector, "●"))
    document.undo_stack.undo()
    click(promoted, promoted.rect().center())
    assert document.document.group("Soft").params == {}


def test_a_locked_parameter_cannot_be_changed(inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "adjust")
    name = next(iter(inspector.fields))
    lock = next(each for each in inspector.findChildren(QToolButton) if each.property("locked") is False)
    click(lock, lock.rect().center())
    assert not inspector.fields[name].isEnabled()
    assert document.document.extras["locks"] == {"": [f"adjust.{name}"]}
    (lock,) = [each for each in inspector.findChildren(QToolButton) if each.property("locked")]
    click(lock, lock.rect().center())
    assert inspector.fields[name].isEnabled() and "locks" not in document.document.extras


def test_several_of_a_kind_are_set_together(
    qtbot: QtBot, inspector: Inspector, document: OpenDocument
) -> None:
    show(inspector, "adjust", "second")
    field = number(inspector, "contrast")
    click(field.bar, field.bar.rect().center())
    qtbot.keyClicks(field.entry, "0.5")
    qtbot.keyClick(field.entry, Qt.Key.Key_Return)
    assert params(document, "adjust")["contrast"] == params(document, "second")["contrast"] == 0.5
    assert params(document, "second")["exposure"] == 1.0
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert params(document, "adjust") == {"contrast": 0.25} and params(document, "second") == {
        "exposure": 1.0
    }


def test_several_of_different_kinds_have_no_fields(inspector: Inspector) -> None:
    show(inspector, "adjust", "size")
    assert inspector.fields == {} and "2 nodes of several kinds" in words(inspector)


def test_a_title_is_written(qtbot: QtBot, inspector: Inspector, document: OpenDocument) -> None:
    show(inspector, "adjust")
    line = inspector.widget().findChildren(QLineEdit)[0]
    line.selectAll()
    qtbot.keyClicks(line, "Warmer")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert document.document.node("adjust").title == "Warmer"
    document.undo_stack.undo()
    assert inspector.widget().findChildren(QLineEdit)[0].text() == "Adjust"


def test_the_docs_are_asked_for(qtbot: QtBot, inspector: Inspector) -> None:
    show(inspector, "adjust")
    (button,) = buttons(inspector, "?")
    with qtbot.waitSignal(inspector.docs_wanted) as told:
        click(button, button.rect().center())
    assert told.args == ["image.adjust"]


def test_a_ghost_keeps_its_settings_and_offers_what_is_near(
    inspector: Inspector, document: OpenDocument
) -> None:
    show(inspector, "ghost")
    said = words(inspector)
    assert "image.adjustt" in said and "Unheard" in said and "3" in said
    offers = [each for each in inspector.widget().findChildren(QPushButton) if "image.adjust" in each.text()]
    before = document.snapshot()
    click(offers[0], offers[0].rect().center())
    node = document.document.node("ghost")
    assert node.type == "image.adjust" and dict(node.params) == {"exposure": 2.0}
    assert dict(node.links) == {"image": Link("photo", "image")}
    assert dict(document.document.node("after").links) == {"image": Link("ghost", "image")}
    assert "exposure" in inspector.fields, "it is an ordinary node at once"
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.snapshot() == before


def test_a_node_that_goes_takes_its_page_along(inspector: Inspector, document: OpenDocument) -> None:
    from meshloom.graph_runtime.edits import Remove

    show(inspector, "size")
    document.do(Remove("size"))
    assert inspector.fields == {} and "Select a node" in words(inspector)
    document.undo_stack.undo()
    show(inspector, "adjust", "second")
    document.do(Remove("second"))
    assert inspector.fields and inspector.widget().findChildren(QLineEdit)[0].text() == "Adjust"


def test_how_it_stands_and_what_went_wrong(qtbot: QtBot, inspector: Inspector) -> None:
    show(inspector, "adjust")
    inspector.set_status(
        NodeStatus(
            "failed", message="no such file", hint="pick another", details="Traceback: a.py", why="stale"
        )
    )
    said = words(inspector)
    assert "no such file" in said and "pick another" in said
    inspector._status.customContextMenuRequested.emit(QPoint(4, 4))
    menu = inspector.findChild(QMenu)
    menu.actions()[0].trigger()
    menu.close()
    assert QGuiApplication.clipboard().text() == "Traceback: a.py"
    inspector.set_status(NodeStatus("done", seconds=1.5, bytes=3_000_000, peak_bytes=5_000_000))
    said = words(inspector)
    assert "3.0 MB" in said or "2.9 MB" in said or "3 MB" in said
    assert "no such file" not in said
    inspector.set_status(None)
    assert not inspector._status.isVisible()


def test_a_title_typed_and_left_does_not_take_its_page_away_under_it(
    qtbot: QtBot, inspector: Inspector, document: OpenDocument
) -> None:
    """The page is made anew while its line is in the middle of losing the focus."""
    name = "adjust"
    show(inspector, name)
    line = next(
        each
        for each in inspector.findChildren(QLineEdit)
        if document.document.node(name).type in each.toolTip()
    )
    page = inspector.widget()
    qtbot.keyClicks(line, "!")
    line.editingFinished.emit()
    assert inspector.widget() is not page and isValid(line), "gone at once: Qt still works with it"
    assert document.document.node(name).title.endswith("!")
