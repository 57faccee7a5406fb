"""Every parameter of every node has an editor that shows its default and gives back what the node takes."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.params import check_param
from meshloom.graph_runtime.spec import Colour, Multiline, Param
from meshloom.ui.fields import others
from meshloom.ui.fields.make import OptionalField, make_field
from meshloom.ui.fields.number import NumberField


def test_every_parameter_of_every_node_has_a_field(qtbot: QtBot, catalog: Catalog) -> None:
    kinds: set[type] = set()
    for spec_id in catalog:
        for param in catalog[spec_id].params:
            field = make_field(param)
            kinds.add(type(field))
            assert field.value == param.default and field.fault == "", f"{spec_id}.{param.name}"
            assert check_param(param, field.value) == check_param(param, param.default)
            assert field.focusProxy() is not None, "the tab key must reach what edits"
            field.deleteLater()
    assert kinds >= {
        NumberField,
        others.SwitchField,
        others.ChoiceField,
        others.LineField,
        others.TextField,
        others.PathField,
        others.ColourField,
    }


def test_the_hint_decides_where_the_type_does_not(qtbot: QtBot) -> None:
    made = [
        make_field(param)
        for param in (
            Param("a", "floats", (0.0, 0.0, 0.0), Colour(), length=3),
            Param("b", "floats", (0.0, 0.0, 0.0), length=3),
            Param("c", "str", "", Multiline()),
            Param("d", "str", ""),
            Param("e", "float", None, optional=True),
        )
    ]
    expected = [others.ColourField, others.LineField, others.TextField, others.LineField, OptionalField]
    assert [type(field) for field in made] == expected
    for field in made:
        qtbot.addWidget(field)


def test_an_optional_parameter_that_is_ticked_off_begins_within_its_limits(
    qtbot: QtBot, catalog: Catalog
) -> None:
    tried = 0
    for spec_id in catalog:
        for param in catalog[spec_id].params:
            field = make_field(param)
            if isinstance(field, OptionalField) and param.default is None:
                tried += 1
                field.automatic.click()
                assert field.fault == "" and field.value is not None, f"{spec_id}.{param.name}: {field.fault}"
            field.deleteLater()
    assert tried
