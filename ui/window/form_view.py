"""A graph as a plain form: its pinned settings, a button to run it, and what it gives."""

from __future__ import annotations

from typing import Any, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from meshloom.ui import theme as themes
from meshloom.ui.canvas.scopes import title_at
from meshloom.ui.fields.text import label
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.form_fields import GUTTER, FormFields
from meshloom.ui.window.queue_view import span, told
from meshloom.ui.window.sweep_targets import ends_of, targets_of
from meshloom.ui.window.viewer import Viewer
from meshloom.ui.words import _


class FormView(QWidget):
    """Takes the place of a tab's canvas: see :meth:`toggle`. Call :meth:`leave` when the tab closes."""

    #: The graph is wanted back.
    graph_wanted = Signal()

    def __init__(self, tab: DocumentTab) -> None:
        super().__init__(tab)
        self._tab = tab
        self._left = False
        self._stale = True
        #: The last run of the document that was seen here.
        self._run: RunInfo | None = None
        self._targets: list[tuple[str, str, str]] = []
        self.fields = FormFields(tab.document, self)
        self.viewer = Viewer(tab.bench, self, edits=False)
        self.viewer.pin.hide()
        self.viewer.compare_wanted.connect(tab.compare_wanted)
        self._build()
        tab.document.changed.connect(self._changed)
        tab.renamed.connect(self._retitle)
        tab.status_changed.connect(self._status_changed)
        runs = tab.bench.runs
        runs.began.connect(self._run_changed)
        runs.ended.connect(self._run_changed)
        runs.queue_changed.connect(self._tell)
        themes.current().changed.connect(self._themed)
        self.fields.graph_wanted.connect(self.graph_wanted)
        self._retitle()

    @staticmethod
    def toggle(tab: DocumentTab) -> bool:
        """Show the form of a tab instead of its canvas, or the canvas again; whether the form is shown now."""
        form = cast("FormView | None", tab.form)
        if form is None:
            form = FormView(tab)
            form.graph_wanted.connect(form._back)
            form.hide()
            tab.form = form
            layout = tab.layout()
            assert layout is not None
            layout.addWidget(form)
        show = form.isHidden()
        tab.view.setVisible(not show)
        form.setVisible(show)
        front: QWidget = form if show else tab.view
        tab.setFocusProxy(front)
        front.setFocus()
        tab.form_shown.emit(show)
        return show

    def _back(self) -> None:
        if not self.isHidden():
            FormView.toggle(self._tab)

    # ------------------------------------------------------------------------------------------ building

    def _build(self) -> None:
        self.title = QLabel(self)
        font = QFont(self.title.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.graph_button = QPushButton(_("Graph"), self)
        self.graph_button.setToolTip(_("Back to the graph"))
        self.graph_button.clicked.connect(self.graph_wanted)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.graph_button)
        self.run_button = QPushButton(self)
        self.run_button.setDefault(True)
        self.run_button.setMinimumHeight(10 * UNIT)
        big = QFont(self.run_button.font())
        big.setPointSizeF(big.pointSizeF() * 1.2)
        big.setWeight(QFont.Weight.DemiBold)
        self.run_button.setFont(big)
        self.run_button.clicked.connect(self.run_or_stop)
        key = QShortcut(QKeySequence("Ctrl+Return"), self)
        key.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        key.activated.connect(self.run)
        self.progress = QProgressBar(self)
        self.progress.hide()
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        left = QWidget(self)
        left.setMinimumWidth(320)
        column = QVBoxLayout(left)
        column.setContentsMargins(6 * UNIT, 5 * UNIT, UNIT, 5 * UNIT)
        column.setSpacing(3 * UNIT)
        head.setContentsMargins(0, 0, GUTTER, 0)
        foot = QVBoxLayout()
        foot.setContentsMargins(0, 0, GUTTER, 0)
        foot.setSpacing(3 * UNIT)
        for widget in (self.message, self.progress, self.run_button):
            foot.addWidget(widget)
        column.addLayout(head)
        column.addWidget(self.fields, 1)
        column.addLayout(foot)
        self.results = QTabBar(self)
        self.results.setDrawBase(False)
        self.results.setExpanding(False)
        self.results.setUsesScrollButtons(True)
        self.results.setAccessibleName(_("Results"))
        self.results.currentChanged.connect(self._result_chosen)
        right = QWidget(self)
        beside = QVBoxLayout(right)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addWidget(self.results)
        beside.addWidget(self.viewer, 1)
        both = QSplitter(Qt.Orientation.Horizontal, self)
        both.addWidget(left)
        both.addWidget(right)
        both.setStretchFactor(1, 1)
        both.setSizes([400, 800])
        both.setChildrenCollapsible(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(both)
        self.setFocusProxy(self.run_button)

    def _retitle(self) -> None:
        self.title.setText(label(self._tab.title))
        self.title.setToolTip(str(self._tab.document.path or ""))

    def _themed(self) -> None:
        self._stale = True
        if self.isVisible():
            self._catch_up()

    # ----------------------------------------------------------------------------------------- following

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._catch_up()

    def _catch_up(self) -> None:
        if self._stale:
            self._stale = False
            self.fields.follow([("shown", "", "")])
            self._list_results()
            self._result_chosen()
        self._tell()

    def _changed(self, changes: Any) -> None:
        if not self.isVisible():
            self._stale = True
            return
        self.fields.follow(changes)
        if any(what not in ("param", "moved", "extra") for what, _scope, _node in changes):
            self._list_results()
        self._tell()

    def _list_results(self) -> None:
        """The nodes that nothing is linked to, from left to right; the last one is looked at first."""
        graph = self._tab.document.snapshot()
        ends = sorted(ends_of(graph), key=lambda name: graph.view.get(name, (0.0, 0.0)))
        found = targets_of(ends, graph, self._tab.bench.catalog)
        targets = [(each.name, each.title, each.parts[0].path) for each in found if each.parts]
        self.results.setVisible(len(targets) > 1)
        if targets == self._targets:
            return
        kept = self._target()
        self._targets = targets
        self.results.blockSignals(True)
        while self.results.count():
            self.results.removeTab(0)
        for name, title, _path in targets:
            self.results.setTabToolTip(self.results.addTab(title), name)
        names = [name for name, _title, _path in targets]
        self.results.setCurrentIndex(names.index(kept[0]) if kept and kept[0] in names else len(names) - 1)
        self.results.blockSignals(False)
        self._result_chosen()

    def _target(self) -> tuple[str, str, str] | None:
        index = self.results.currentIndex()
        return self._targets[index] if 0 <= index < len(self._targets) else None

    def _result_chosen(self, _index: int = 0) -> None:
        target = self._target()
        self.viewer.show_node(self._tab if target else None, target[2] if target else "")
        if target is None:
            self.viewer.clear(_("This graph has no result to show yet."))
        self._tell()

    def _status_changed(self, path: str) -> None:
        if self.isVisible():
            self.viewer.status_changed(self._tab, path)
            target = self._target()
            if target is not None and path == target[2]:
                self._tell()
        else:
            self._stale = True

    # ------------------------------------------------------------------------------------------- running

    def _under_way(self) -> RunInfo | None:
        """The run of this document that is under way or waits."""
        runs = self._tab.bench.runs
        listed = [runs.current, *runs.queue]
        return next((run for run in listed if run is not None and run.document == self._tab.key), None)

    def run(self) -> None:
        """Run the graph."""
        if self._under_way() is None:
            self._run = self._tab.run()
            self._tell()

    def run_or_stop(self) -> None:
        """What the large button does."""
        run = self._under_way()
        if run is None:
            self.run()
        else:
            self._tab.bench.runs.cancel(run)
            self._tell()

    def _run_changed(self, run: RunInfo) -> None:
        if run.document == self._tab.key:
            self._run = run
            self._tell()

    def _tell(self) -> None:
        if not self.isVisible() or self._left:
            return
        run = self._under_way()
        self.run_button.setText("■  " + _("Stop") if run is not None else "▶  " + _("Run"))
        self.run_button.setEnabled(run is not None or bool(self._tab.document.document.names()))
        self.progress.setVisible(run is not None)
        if run is not None:
            waits = run.state == "waiting"
            self.progress.setRange(0, 0 if not waits and not run.nodes else max(1, run.nodes))
            self.progress.setValue(min(run.done, max(1, run.nodes)))
            bench = self._tab.bench
            self.progress.setFormat(
                _("Waiting in the queue") if waits else told(run, bench.runs, bench.history)
            )
            self._say("", "dim")
            return
        self._say(*self._outcome())

    def _outcome(self) -> tuple[str, str]:
        """What there is to say about the result that is shown, and the name of its colour."""
        run, target = self._run, self._target()
        if run is not None and run.state in ("failed", "refused"):
            return self._why(), "bad"
        status = self._tab.status(target[2]) if target is not None else None
        if status is not None and status.state == "stale" and status.outputs:
            return _("The settings have changed since this result was made."), "warn"
        if run is None:
            return "", "dim"
        if run.state == "cancelled":
            return _("Stopped. What was finished is kept."), "warn"
        if run.state == "done":
            words = _("Done in {time}: {computed} computed, {reused} reused")
            return words.format(time=span(run.seconds), computed=run.computed, reused=run.reused), "good"
        return "", "dim"

    def _why(self) -> str:
        """What went wrong, by the nodes it went wrong in."""
        statuses = self._tab.bench.runs.statuses(self._tab.key)
        graph = self._tab.document.document
        lines = []
        for path, status in statuses.items():
            if status.state != "failed":
                continue
            name = path.partition("/")[0]
            said = "; ".join(part for part in (status.message, status.hint) if part)
            lines.append(f"{title_at(graph, name)}: {said}")
        return "\n".join(lines[:3]) or _("The run failed; the log says more.")

    def _say(self, words: str, colour: str) -> None:
        self.message.setText(words)
        self.message.setVisible(bool(words))
        self.message.setStyleSheet(f"color: {getattr(theme(), colour)};")

    def leave(self) -> None:
        """The tab is closed for good."""
        if self._left:
            return
        self._left = True
        runs = self._tab.bench.runs
        runs.began.disconnect(self._run_changed)
        runs.ended.disconnect(self._run_changed)
        runs.queue_changed.disconnect(self._tell)
        themes.current().changed.disconnect(self._themed)
        self.viewer.leave()
