"""One parameter of a sweep and the values it is to take: a list, or steps from one number to another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.errors import RequestError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.params import check_param, expected
from meshloom.graph_runtime.spec import NodeSpec, Param, Range
from meshloom.graph_runtime.sweep import Axis, parse_axis
from meshloom.ui.fields.field import no_wheel_focus
from meshloom.ui.fields.text import digits, option, shown
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

#: More steps than anybody means.
_MOST_STEPS = 1000
_LIST, _STEPS = 0, 1


class _Steps(QSpinBox):
    """A wheel passing by turns nothing."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class AxisRow(QWidget):
    """Edits the values of one parameter."""

    changed = Signal()
    removed = Signal(str)

    def __init__(
        self,
        place: str,
        title: str,
        param: Param,
        value: Any,
        graph: GraphData,
        catalog: Mapping[str, NodeSpec],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.place = place
        self.param = param
        self._graph = graph
        self._catalog = catalog
        self.axis: Axis | None = None
        self.fault = ""
        self._build(title)
        self._fill(value)
        self.list.textChanged.connect(self._read)
        self.low.textChanged.connect(self._read)
        self.high.textChanged.connect(self._read)
        self.steps.valueChanged.connect(self._read)
        self.mode.currentIndexChanged.connect(self._switched)
        self._read()

    def _build(self, title: str) -> None:
        name = QLabel(title, self)
        name.setToolTip(f"{self.place}: {expected(self.param)}")
        self.mode = QComboBox(self)
        self.mode.addItems([_("Values"), _("From … to")])
        self.mode.setAccessibleName(_("How the values of {name} are given").format(name=title))
        no_wheel_focus(self.mode)
        away = QToolButton(self)
        away.setText("✕")
        away.setToolTip(_("Do not vary this"))
        away.setAutoRaise(True)
        away.clicked.connect(self._remove)
        head = QHBoxLayout()
        head.addWidget(name, 1)
        head.addWidget(self.mode)
        head.addWidget(away)
        self.list = QLineEdit(self)
        self.list.setAccessibleName(title)
        steps = QWidget(self)
        across = QHBoxLayout(steps)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(UNIT)
        self.low, self.high = QLineEdit(steps), QLineEdit(steps)
        self.low.setAccessibleName(_("From"))
        self.high.setAccessibleName(_("To"))
        self.steps = _Steps(steps)
        self.steps.setRange(1, _MOST_STEPS)
        self.steps.setValue(5)
        self.steps.setAccessibleName(_("Steps"))
        no_wheel_focus(self.steps)
        across.addWidget(self.low, 1)
        across.addWidget(QLabel(_("to"), steps))
        across.addWidget(self.high, 1)
        across.addWidget(QLabel(_("in steps:"), steps))
        across.addWidget(self.steps)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.list)
        self.stack.addWidget(steps)
        self.stack.setFixedHeight(max(self.list.sizeHint().height(), self.steps.sizeHint().height()))
        self.said = QLabel(self)
        self.said.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 2 * UNIT)
        column.setSpacing(UNIT)
        column.addLayout(head)
        column.addWidget(self.stack)
        column.addWidget(self.said)
        self.setFocusProxy(self.list)

    def _fill(self, value: Any) -> None:
        """Begin with what is likely meant."""
        param, hint = self.param, self.param.hint
        number = param.kind in ("int", "float")
        self.mode.setVisible(number)
        options = {"choice": [*map(option, param.options)], "bool": ["false", "true"]}.get(param.kind)
        if options:
            self.list.setText(", ".join(options))
        elif param.kind in ("floats", "ints", "strs", "paths"):
            held = ",".join(digits(each) if isinstance(each, float) else str(each) for each in value or ())
            self.list.setText(held and f"{held};")
            self.list.setPlaceholderText(_("semicolons between the values: 0,1; 0,2"))
        else:
            self.list.setText(
                digits(value) if isinstance(value, float) else "" if value is None else str(value)
            )
            self.list.setPlaceholderText(_("commas between the values"))
        if number and isinstance(hint, Range) and hint.low is not None and hint.high is not None:
            self.low.setText(digits(float(hint.low)))
            self.high.setText(digits(float(hint.high)))
            if hint.high - hint.low < 1e6:
                self.mode.setCurrentIndex(_STEPS)
                self._switched(_STEPS)
        elif number:
            start = float(value or 0)
            self.low.setText(digits(start))
            self.high.setText(digits(2 * start if start else 1.0))

    def _switched(self, mode: int) -> None:
        self.stack.setCurrentIndex(mode)
        self.setFocusProxy(self.low if mode == _STEPS else self.list)
        self._read()

    def _remove(self) -> None:
        self.removed.emit(self.place)

    def text(self) -> str:
        """The values as :func:`parse_axis` takes them. Raises ``ValueError`` saying what is wrong."""
        if self.mode.currentIndex() == _LIST or self.mode.isHidden():
            listed = self.list.text().strip().rstrip(",;").strip()
            if not listed:
                raise ValueError(_("no values yet"))
            if self.param.kind == "choice":  # shown in the user's language, known by what the node calls them
                known = {option(each): str(each) for each in self.param.options}
                return ",".join(known.get(each.strip(), each.strip()) for each in re.split("[,;]", listed))
            keeps = self.param.kind in ("floats", "ints", "strs", "paths")
            # One value that holds commas: the other separator says so.
            return f"{listed};{listed}" if keeps and ";" not in listed and "," in listed else listed
        return ",".join(self._stepped())

    def _stepped(self) -> list[str]:
        try:
            low, high = (float(line.text().strip().replace(",", ".")) for line in (self.low, self.high))
        except ValueError:
            raise ValueError(_("give two numbers")) from None
        count = self.steps.value()
        values = [low + (high - low) * step / max(1, count - 1) for step in range(count)]
        if self.param.kind == "int":
            return [str(round(each)) for each in values]
        return [digits(float(f"{each:.9g}")) for each in values]

    def _read(self) -> None:
        self.axis, self.fault = None, ""
        try:
            found = parse_axis(f"{self.place}={self.text()}", self._graph, self._catalog)
            for held in found.values:
                check_param(self.param, held)
            unique = {repr(held): held for held in found.values}
            self.axis = Axis(found.place, tuple(unique.values()))
        except RequestError as error:
            self.fault = error.problems[0].message
        except (ValueError, OverflowError) as error:
            self.fault = str(error)
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        if self.axis is None:
            self.said.setText(self.fault)
            self.said.setStyleSheet(f"color: {theme().bad if self.list.text() else theme().dim};")
            return
        values = [shown(self.param, held) for held in self.axis.values]
        listed = "  ·  ".join(values if len(values) <= 9 else [*values[:6], "…", values[-1]])
        count = _("1 value") if len(values) == 1 else _("{count} values").format(count=len(values))
        self.said.setText(f"{count}:  {listed}")
        self.said.setStyleSheet(f"color: {theme().dim};")
