"""All about one model, and what can be done with it."""

from __future__ import annotations

import html
from typing import Any

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFont
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.models.licences import Licence, has_agreed
from meshloom.ui.models.amounts import amount
from meshloom.ui.models.consent import licence_words
from meshloom.ui.models.desk import Desk
from meshloom.ui.models.dry_run import DryRun
from meshloom.ui.models.shelf import Row
from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.words import _


class Details(QWidget):
    """Shows a :class:`Row` as the desk knows it."""

    #: The model is to be fetched, or its pull to go on: the :class:`Row`.
    fetch_wanted = Signal(object)
    remove_wanted = Signal(object)
    #: A node that loads the model is to be added to the graph.
    use_wanted = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.row: Row | None = None
        self.title = QLabel()
        font = QFont(self.title.font())
        font.setPointSizeF(font.pointSizeF() * 1.45)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.source, self.purpose = QLabel(), QLabel()
        self.facts: dict[str, QLabel] = {}
        self.open_folder = QPushButton(_("Open the folder"))
        self.fetch, self.stop = QPushButton(), QPushButton(_("Stop"))
        self.use = QPushButton(_("Use in the graph"))
        self.convert = QPushButton(_("Convert to safetensors"))
        self.check = QPushButton(_("Check the files"))
        self.check.setToolTip(_("Hash them, and tell which have changed since they were fetched"))
        self.remove = QPushButton(_("Remove…"))
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.told, self.what = QLabel(), QLabel()
        self.message = QLabel()
        self.dry_run = DryRun()
        self._lay_out()
        self.open_folder.clicked.connect(self._open_folder)
        self.fetch.clicked.connect(lambda: self.fetch_wanted.emit(self.row))
        self.stop.clicked.connect(self._stop)
        self.use.clicked.connect(lambda: self.use_wanted.emit(self.row))
        self.convert.clicked.connect(self._convert)
        self.check.clicked.connect(self._check)
        self.remove.clicked.connect(lambda: self.remove_wanted.emit(self.row))
        self.dry_run.wanted.connect(self._inspect)
        desk.changed.connect(self._changed)
        current().changed.connect(self.refresh)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(5 * UNIT)
        grid.setVerticalSpacing(2 * UNIT)
        grid.setColumnStretch(1, 1)
        self._names = []
        for at, (key, words) in enumerate(
            (("kind", _("Kind")), ("size", _("Disk")), ("licence", _("Licence")), ("place", _("Folder")))
        ):
            name, fact = QLabel(words), QLabel()
            fact.setWordWrap(True)
            fact.setOpenExternalLinks(True)
            fact.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
            fact.setAccessibleName(words)
            self._names.append(name)
            self.facts[key] = fact
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(name, at, 0, top)
            grid.addWidget(fact, at, 1, top)
        for label in (self.source, self.purpose, self.told, self.what, self.message):
            label.setWordWrap(True)
        flags = Qt.TextInteractionFlag.TextSelectableByMouse
        for label in (self.title, self.source, self.message):
            label.setTextInteractionFlags(flags)
        actions = QHBoxLayout()
        actions.setSpacing(2 * UNIT)
        for button in (self.fetch, self.stop, self.use, self.convert):
            actions.addWidget(button)
        actions.addStretch(1)
        actions.addWidget(self.check)
        actions.addWidget(self.open_folder)
        actions.addWidget(self.remove)
        buttons = (self.fetch, self.stop, self.use, self.convert, self.check, self.remove, self.open_folder)
        for button in buttons:
            button.setAutoDefault(False)
        self._line = QFrame()
        self._line.setFixedHeight(1)
        self._heading = QLabel(_("Before it is loaded"))
        heading = QFont(self._heading.font())
        heading.setWeight(QFont.Weight.DemiBold)
        self._heading.setFont(heading)
        column = QVBoxLayout(self)
        column.setContentsMargins(7 * UNIT, 5 * UNIT, 7 * UNIT, 5 * UNIT)
        column.setSpacing(UNIT)
        column.addWidget(self.title)
        column.addWidget(self.source)
        column.addSpacing(2 * UNIT)
        column.addWidget(self.purpose)
        column.addSpacing(3 * UNIT)
        column.addLayout(grid)
        column.addSpacing(4 * UNIT)
        column.addLayout(actions)
        column.addSpacing(2 * UNIT)
        for widget in (self.bar, self.told, self.what, self.message):
            column.addWidget(widget)
        column.addSpacing(3 * UNIT)
        column.addWidget(self._line)
        column.addSpacing(3 * UNIT)
        column.addWidget(self._heading)
        column.addSpacing(UNIT)
        column.addWidget(self.dry_run)
        column.addStretch(1)

    # ------------------------------------------------------------------------------------------------ showing

    def show_row(self, row: Row | None) -> None:
        """Another model, or the same as it stands now."""
        self.row = row
        self.refresh()

    def _changed(self, source: str) -> None:
        if self.row is not None and source == self.row.source:
            self.refresh()

    def refresh(self) -> None:
        """Bring everything to how the model stands."""
        row = self.row
        self.setVisible(row is not None)
        if row is None:
            return
        colours = theme()
        for label in (*self._names, self.source, self.told, self.what):
            label.setStyleSheet(f"color: {colours.dim};")
        self._line.setStyleSheet(f"background: {colours.line}; border: none;")
        self.title.setText(row.source.rpartition("/")[2])
        self.source.setVisible("/" in row.source or bool(row.commit))
        self.source.setText(row.source + (f"  @ {row.commit[:12]}" if row.commit else ""))
        self.purpose.setText(_(row.purpose))
        self.purpose.setVisible(bool(row.purpose))
        plan = self._desk.plans.get(row.source)
        self.facts["kind"].setText(row.pipeline or _("not known yet"))
        self.facts["size"].setText(self._size(row, plan))
        self.facts["licence"].setText(self._licence(row, plan))
        self.facts["place"].setText(html.escape(str(row.folder)) if row.folder else self._to(plan))
        self.open_folder.setVisible(row.folder is not None)
        self._show_actions(row, plan)
        self._show_progress(row)
        self._show_message(row)
        self.dry_run.setVisible(row.here and row.state != "unfinished")
        self._heading.setVisible(self.dry_run.isVisibleTo(self))
        self._line.setVisible(self.dry_run.isVisibleTo(self))
        self.dry_run.button.setEnabled(row.source not in self._desk.busy)
        self.dry_run.show_found(self._desk.found.get(row.key))

    def _size(self, row: Row, plan: dict[str, Any] | None) -> str:
        if plan is not None:
            words = _("{size} in {count} files, {missing} to fetch; {free} free on the disk")
            return words.format(
                size=amount(plan["bytes"]), count=plan["files"], missing=amount(plan["missing"]),
                free=amount(plan["free"]),
            )  # fmt: skip
        if not row.bytes:
            return _("not known yet")
        if row.here:
            return _("{size} on the disk").format(size=amount(row.bytes))
        return _("about {size}").format(size=amount(row.bytes))

    def _licence(self, row: Row, plan: dict[str, Any] | None) -> str:
        licence = Licence(**plan["licence"]) if plan is not None else row.licence
        if licence is None:
            return _("not known yet")
        said = licence_words(licence, row.gated)
        if has_agreed(row.source, licence):
            said += (
                f'<br><span style="color: {theme().dim}">{html.escape(_("You have agreed to it."))}</span>'
            )
        return said

    def _to(self, plan: dict[str, Any] | None) -> str:
        from meshloom.graph_runtime.models.places import hub_folder

        folder = str(plan["folder"]) if plan is not None else str(hub_folder())
        return html.escape(_("will lie in {folder}").format(folder=folder))

    def _show_actions(self, row: Row, plan: dict[str, Any] | None) -> None:
        from meshloom.graph_runtime.models.places import is_hub_id

        pulling, busy = row.source in self._desk.pulls, row.source in self._desk.busy
        on_hub = is_hub_id(row.source)
        wanted = row.state in ("not here", "unfinished", "incomplete", "damaged") and on_hub
        self.fetch.setVisible(wanted and not pulling)
        self.fetch.setEnabled(not busy)
        words = _("Fetch…") if row.state == "not here" else _("Go on fetching…")
        if plan is not None and 0 < plan["missing"] < plan["bytes"]:
            words = _("Go on, {size} to fetch…")
        elif plan is not None and plan["missing"]:
            words = _("Fetch {size}…")
        self.fetch.setText(words.format(size=amount(plan["missing"])) if plan is not None else words)
        self.fetch.setDefault(True)
        self.stop.setVisible(pulling)
        self.use.setVisible(row.loadable)
        self.convert.setVisible(row.state == "pickled")
        self.convert.setEnabled(not busy)
        self.check.setVisible(bool(row.commit) and not pulling)
        self.check.setEnabled(not busy)
        self.remove.setVisible(row.here)
        self.remove.setEnabled(not pulling and not busy)

    def _show_progress(self, row: Row) -> None:
        pulling = self._desk.pulls.get(row.source)
        for widget in (self.bar, self.told, self.what):
            widget.setVisible(pulling is not None)
        if pulling is not None:
            self.bar.setValue(round(1000 * pulling.share))
            self.told.setText(pulling.told())
            self.what.setText(pulling.what)

    def _show_message(self, row: Row) -> None:
        fault, note = self._desk.faults.get(row.source), self._desk.notes.get(row.source, "")
        busy = self._desk.busy.get(row.source, "")
        mood = "dim" if busy else "bad" if fault else "good"
        words, hint = busy or note, ""
        if fault and not busy:
            words, hint = fault
        elif not words and row.fault and row.state in ("damaged", "incomplete"):
            words, mood = row.fault, "warn"
        said = f'<span style="color: {getattr(theme(), mood)}">{_lines(words)}</span>'
        self.message.setText(said + (f"<br>{_lines(hint)}" if hint else ""))
        self.message.setVisible(bool(words))

    # -------------------------------------------------------------------------------------------------- doing

    def _open_folder(self) -> None:
        if self.row is not None and self.row.folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.row.folder)))

    def _stop(self) -> None:
        if self.row is not None:
            self._desk.stop(self.row.source)

    def _convert(self) -> None:
        if self.row is not None:
            self._desk.convert(self.row.source, self.row.commit)

    def _check(self) -> None:
        if self.row is not None:
            self._desk.check(self.row.source, self.row.commit)

    def _inspect(self, choices: dict[str, str]) -> None:
        if self.row is not None:
            self._desk.inspect(self.row.source, self.row.commit, choices)


def _lines(words: str) -> str:
    return html.escape(words).replace("\n", "<br>")
