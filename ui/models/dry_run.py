"""Whether a model would load whole and what it would take, as it is chosen to be loaded."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from meshloom.graph_runtime.models.values import DTYPES, OFFLOADS, QUANTISATIONS
from meshloom.graph_runtime.types import Table
from meshloom.ui.look.pages import TableView
from meshloom.ui.models.amounts import amount
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

#: Names of weights that are listed of each kind of fault.
_MOST = 8


class DryRun(QWidget):
    """Choices of how to load, a button, and what was found."""

    #: The choices by name: dtype, offload, quantisation.
    wanted = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QComboBox] = {}
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        for name, words, options in (
            ("dtype", _("Load as"), DTYPES),
            ("offload", _("Offload"), OFFLOADS),
            ("quantisation", _("Quantisation"), QUANTISATIONS),
        ):
            label, box = QLabel(words), QComboBox()
            for option in options:
                box.addItem(_(option), option)
            box.setAccessibleName(words)
            label.setBuddy(box)
            self.boxes[name] = box
            row.addWidget(label)
            row.addWidget(box)
            row.addSpacing(UNIT)
        row.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(3 * UNIT)
        self.button = QPushButton(_("Look at the weights"))
        self.button.setAutoDefault(False)
        self.button.setToolTip(
            _("Nothing is loaded: names, shapes and sizes are read from the heads of the files")
        )
        self.verdict = QLabel()
        below.addWidget(self.button)
        below.addWidget(self.verdict)
        below.addStretch(1)
        self.memory = QLabel()
        self.faults = QLabel()
        for each in (self.memory, self.faults):
            each.setWordWrap(True)
        for each in (self.verdict, self.memory, self.faults):
            each.hide()
        self.table = TableView(self)
        self.table.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * UNIT)
        column.addLayout(row)
        column.addLayout(below)
        for widget in (self.memory, self.table, self.faults):
            column.addWidget(widget)
        self.button.clicked.connect(self._want)
        for box in self.boxes.values():
            box.activated.connect(self._again)

    def choices(self) -> dict[str, str]:
        return {name: str(box.currentData()) for name, box in self.boxes.items()}

    def _want(self) -> None:
        self.wanted.emit(self.choices())

    def _again(self) -> None:
        """What is shown is of other choices."""
        if not self.verdict.isHidden():
            self._want()

    def show_found(self, found: dict[str, Any] | None) -> None:
        """What :func:`meshloom.graph_runtime.models.jobs.inspect` told, or nothing."""
        for each in (self.verdict, self.memory, self.table, self.faults):
            each.setVisible(found is not None)
        if found is None:
            return
        sound = found["sound"]
        words = _("It would load whole.") if sound else _("It would not load whole.")
        self.verdict.setText(words)
        self.verdict.setStyleSheet(f"color: {theme().good if sound else theme().bad};")
        self._show_memory(found)
        parts = found["parts"]
        self.table.show_value(Table(self._heads(), tuple(map(self._row, parts))))
        high = self.table.horizontalHeader().sizeHint().height() + 4
        high += sum(self.table.rowHeight(row) for row in range(self.table.rowCount()))
        self.table.setFixedHeight(min(high, 220))
        told = "\n\n".join(text for part in parts if (text := _faults(part)))
        self.faults.setText(told)
        self.faults.setVisible(bool(told))

    def _show_memory(self, found: dict[str, Any]) -> None:
        guess = found["estimate"]
        self.memory.setVisible(guess is not None)
        if guess is None:
            return
        words = _("The weights take {device} where it computes; {free} are free there.")
        if guess["host"]:
            words = _(
                "The weights take {device} where it computes and {host} beside it; {free} are free there."
            )
        said = words.format(
            device=amount(guess["device"]), host=amount(guess["host"]), free=amount(found["free"])
        )
        if found["too_large"]:
            said += "\n" + "; ".join(found["too_large"])
        self.memory.setText(said)
        self.memory.setStyleSheet(f"color: {theme().warn if found['too_large'] else theme().text};")

    @staticmethod
    def _heads() -> tuple[str, ...]:
        return (_("Part"), _("Class"), _("Weights"), _("Disk"), _("How it stands"))

    @staticmethod
    def _row(part: dict[str, Any]) -> tuple[Any, ...]:
        size = sum(count for _kind, count in part["dtypes"])
        kinds = ", ".join(kind for kind, _count in part["dtypes"])
        stands = _("whole") if part["loads"] else _("not whole")
        if part["loads"] and part["unexpected"]:
            stands = _("whole, {count} too many").format(count=len(part["unexpected"]))
        count = f"{part['parameters']:,}".replace(",", "\u202f") if part["parameters"] else ""
        return (part["name"] or part["class_name"], part["class_name"], count,
                f"{amount(size)} {kinds}" if size else "", stands)  # fmt: skip


def _faults(part: dict[str, Any]) -> str:
    """What is wrong with a part, in words; empty if nothing is."""
    said = []
    if part["fault"]:
        said.append(f"{part['fault']}" + (f"\n{part['hint']}" if part["hint"] else ""))
    shapes = [f"{name} {have} → {want}" for name, have, want in part["mismatched"]]
    for words, names in (
        (_("missing"), part["missing"]),
        (_("too many"), part["unexpected"]),
        (_("of another shape"), shapes),
        (_("of a type that cannot be loaded"), part["odd"]),
    ):
        if names:
            more = _("and {count} more").format(count=len(names) - _MOST) if len(names) > _MOST else ""
            listed = [*names[:_MOST], *([more] if more else [])]
            said.append(f"{len(names)} {words}: " + ", ".join(listed))
    return f"{part['name'] or part['class_name']}\n" + "\n".join(said) if said else ""
