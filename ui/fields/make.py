"""The editor for a parameter, chosen by what its spec says."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox, QWidget

from meshloom.graph_runtime.spec import Colour, ModelName, Multiline, Param
from meshloom.ui.fields.field import Field
from meshloom.ui.fields.model import ModelField
from meshloom.ui.fields.number import NumberField
from meshloom.ui.fields.others import (
    ChoiceField,
    ColourField,
    LineField,
    PathField,
    PathsField,
    SwitchField,
    TextField,
)
from meshloom.ui.words import _

_KINDS: dict[str, type[Field]] = {
    "int": NumberField,
    "float": NumberField,
    "bool": SwitchField,
    "choice": ChoiceField,
    "str": LineField,
    "strs": LineField,
    "ints": LineField,
    "floats": LineField,
    "path": PathField,
    "paths": PathsField,
}


def make_field(param: Param, parent: QWidget | None = None) -> Field:
    """A new editor that shows the default."""
    if param.optional or (param.default is None and param.kind != "path"):
        return OptionalField(param, parent)
    return _plain(param, parent)


def _plain(param: Param, parent: QWidget | None) -> Field:
    kind = _KINDS[param.kind]
    if isinstance(param.hint, Colour):
        kind = ColourField
    elif isinstance(param.hint, Multiline):
        kind = TextField
    elif isinstance(param.hint, ModelName):
        kind = ModelField
    made = kind(param, parent)
    made.set_value(param.default)
    return made


class OptionalField(Field):
    """A value or none: a tick says that it is chosen automatically."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self.automatic = QCheckBox(_("automatic"), self)
        self.inner = _plain(param, self)
        self._column.insertWidget(0, self.automatic)
        self.hold(self.inner)
        self.automatic.clicked.connect(self._ticked)
        self.inner.changed.connect(self._changing)
        self.inner.committed.connect(self._done)
        self.set_value(param.default)

    def show_value(self, value: Any) -> None:
        self.automatic.setChecked(value is None)
        self.inner.setVisible(value is not None)
        if value is not None:
            self.inner.set_value(value)

    def _ticked(self, automatic: bool) -> None:
        given = None if automatic else self.inner.value
        if given is None and not automatic:
            given = {"int": 0, "float": 0.0, "bool": False, "str": "", "path": ""}.get(self.param.kind, [])
            low = getattr(self.param.hint, "low", None)
            if self.param.kind in ("int", "float") and low is not None and low > 0:
                given = int(low) if self.param.kind == "int" else float(low)
            if self.param.kind == "choice":
                given = self.param.options[0]
        if self.offer(given, done=True):
            self.show_value(given)

    def _changing(self, value: Any) -> None:
        self.offer(value, done=False)

    def _done(self, value: Any) -> None:
        self.offer(value, done=True)
