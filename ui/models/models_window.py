"""The models on this machine, and bringing more: the window over what `meshloom models` does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.models.licences import Licence
from meshloom.graph_runtime.models.places import is_hub_id
from meshloom.ui.models.amounts import amount
from meshloom.ui.models.consent import Consent
from meshloom.ui.models.desk import Desk
from meshloom.ui.models.details import Details
from meshloom.ui.models.rows import ModelList
from meshloom.ui.models.shelf import Row
from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.window.settings_page import question
from meshloom.ui.words import _


class ModelsWindow(QDialog):
    """Not modal: pulls go on while graphs are worked on, and when it is closed."""

    #: A node that loads the model is wanted: its source, and its commit if that has to be told.
    use_wanted = Signal(str, str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        #: Models that are neither here nor known, and were looked up.
        self._looked_up: dict[str, Row] = {}
        self._wanted = ""
        #: What is to be fetched as soon as the Hub has told what that is.
        self._fetching = ""
        self.setWindowTitle(_("Models"))
        self.resize(1080, 700)
        self.name = QLineEdit()
        self.name.setPlaceholderText(_("A model on the Hub: owner/name"))
        self.name.setAccessibleName(_("A model on the Hub: owner/name"))
        self.name.setClearButtonEnabled(True)
        self.look = QPushButton(_("Look up"))
        self.list = ModelList(desk)
        self.details = Details(desk)
        self.fault, self.total = QLabel(), QLabel()
        self._lay_out()
        self.name.returnPressed.connect(self._look_up)
        self.look.clicked.connect(self._look_up)
        self.list.chosen.connect(self.details.show_row)
        self.details.fetch_wanted.connect(self._fetch)
        self.details.remove_wanted.connect(self._ask_remove)
        self.details.use_wanted.connect(self._use)
        desk.shelf.told.connect(self._show_rows)
        desk.changed.connect(self._changed)
        current().changed.connect(self._dress)
        self._dress()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(4 * UNIT, 3 * UNIT, 4 * UNIT, 3 * UNIT)
        top.setSpacing(2 * UNIT)
        top.addWidget(self.name, 1)
        top.addWidget(self.look)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        self.fault.setWordWrap(True)
        self.fault.setContentsMargins(4 * UNIT, 0, 4 * UNIT, 2 * UNIT)
        self.fault.hide()
        column.addWidget(self.fault)
        column.addWidget(self.list, 1)
        self.total.setContentsMargins(4 * UNIT, 2 * UNIT, 4 * UNIT, 3 * UNIT)
        self.total.setWordWrap(True)
        column.addWidget(self.total)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.details)
        splitter = QSplitter()
        splitter.addWidget(left)
        splitter.addWidget(scroll)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([360, 720])
        splitter.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)
        self.look.setAutoDefault(False)
        self.setTabOrder(self.name, self.look)
        self.setTabOrder(self.look, self.list)

    def _dress(self) -> None:
        self.total.setStyleSheet(f"color: {theme().dim};")
        self.fault.setStyleSheet(f"color: {theme().bad};")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.desk.shelf.look()
        self.list.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in the line looks up, and must not press the button that stands out as well."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    # ------------------------------------------------------------------------------------------------ showing

    def show_model(self, source: str) -> None:
        """Bring a model to the front, whether it is listed or not."""
        self._wanted = source
        if source and not self.list.choose(source) and self.desk.shelf.rows:
            self._add(source)

    def _show_rows(self, rows: list[Row]) -> None:
        known = {row.source for row in rows}
        self._looked_up = {name: row for name, row in self._looked_up.items() if name not in known}
        # In front of what is known of: it was asked for.
        here = [row for row in rows if row.here]
        others = [row for row in rows if not row.here]
        wanted, self._wanted = self._wanted, ""
        self.list.show_rows([*here, *self._looked_up.values(), *others], wanted)
        if wanted and is_hub_id(wanted) and wanted not in known and wanted not in self._looked_up:
            self._add(wanted)
        words = _("{count} models, {size}").format(
            count=len(here), size=amount(sum(row.bytes for row in here))
        )
        self.total.setText(words)
        self._say(self.desk.shelf.fault)

    def _add(self, source: str) -> None:
        """List a model that nothing is known of yet."""
        if is_hub_id(source):
            self._looked_up[source] = Row(source, "not here")
            self._wanted = source
            self._show_rows(self.desk.shelf.rows)

    def _say(self, words: str) -> None:
        self.fault.setText(words)
        self.fault.setVisible(bool(words))

    def _changed(self, source: str) -> None:
        plan = self.desk.plans.get(source)
        row = self._looked_up.get(source)
        if plan is not None and row is not None and row.licence is None:
            self._looked_up[source] = replace(
                row, bytes=plan["bytes"], licence=Licence(**plan["licence"]), gated=plan["gated"]
            )
            self._show_rows(self.desk.shelf.rows)
        if source == self._fetching and source not in self.desk.busy:
            self._fetching = ""
            if plan is not None:
                self._agree(plan)

    # -------------------------------------------------------------------------------------------------- doing

    def _look_up(self) -> None:
        source = self.name.text().strip().removeprefix("https://huggingface.co/").strip("/")
        if not is_hub_id(source):
            self._say(_("Give a name as owner/name, or the address of its page on the Hub."))
            return
        self._say("")
        self.name.clear()
        if not self.list.choose(source):
            self._add(source)
        self.desk.look_up(source)

    def _fetch(self, row: Row) -> None:
        """Look up what there is to fetch and under which licence; then ask, or begin."""
        self._fetching = row.source
        self.desk.look_up(row.source)

    def _agree(self, plan: dict[str, Any]) -> None:
        source = str(plan["source"])
        if plan["agreed"]:
            self.desk.pull(source)
            return
        asked = Consent(plan, self)
        asked.agreed.connect(partial(self._agreed, source))
        asked.open()

    def _agreed(self, source: str, licence: str) -> None:
        self.desk.pull(source, agreed=licence)

    def _ask_remove(self, row: Row) -> None:
        several = sum(each.source == row.source for each in self.list.rows()) > 1
        words = _(
            "It is taken off the disk ({size}). It can be fetched again, unless it is a folder of your own."
        )
        box = question(
            self,
            _("Remove {model}?").format(model=row.source + (f" @ {row.commit[:12]}" if several else "")),
            words.format(size=amount(row.bytes)),
            _("Remove"),
        )
        box.accepted.connect(partial(self.desk.remove, row.source, row.commit if several else ""))

    def _use(self, row: Row) -> None:
        several = sum(each.source == row.source for each in self.list.rows()) > 1
        self.use_wanted.emit(row.source, row.commit if several else "")
