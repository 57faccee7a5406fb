"""The first thing seen: what was worked on last, and what can be begun from."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.catalog import Catalog
from meshloom.ui.settings import Settings, data_folder
from meshloom.ui.theme import UNIT
from meshloom.ui.window.gallery import Card, Gallery
from meshloom.ui.window.templates import Template, templates
from meshloom.ui.words import _


def picture_of(file: Path) -> Path:
    """Where the picture of a saved graph is kept."""
    name = hashlib.blake2b(str(file.absolute()).encode("utf-8", "replace"), digest_size=12).hexdigest()
    return data_folder() / "thumbnails" / f"{name}.png"


class StartPage(QWidget):
    """Recent files on top, templates below, filtered as you type."""

    new_wanted = Signal()
    open_wanted = Signal()
    guide_wanted = Signal()
    #: A file to open, a template to begin from: paths as text.
    file_chosen = Signal(str)
    template_chosen = Signal(str)

    def __init__(self, catalog: Catalog, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._catalog = catalog
        self._settings = settings
        self._templates: list[Template] = []
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(_("Search templates and recent files"))
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(360)
        self.ready_only = QCheckBox(_("Runs here now"))
        self.recent = Gallery()
        self.gallery = Gallery()
        self._recent_title = _heading(_("Recent"))
        self._none = QLabel(_("Nothing matches. Clear the search to see everything."))
        self._lay_out()
        self.setFocusProxy(self.filter)
        self.filter.textChanged.connect(self._show)
        self.ready_only.toggled.connect(self._show)
        self.recent.opened.connect(self.file_chosen)
        self.gallery.opened.connect(self.template_chosen)

    def _lay_out(self) -> None:
        title = QLabel("Meshloom")
        font = QFont(title.font())
        font.setPointSizeF(font.pointSizeF() * 2.0)
        font.setWeight(QFont.Weight.DemiBold)
        title.setFont(font)
        begin = QPushButton(_("New graph"))
        begin.setDefault(True)
        begin.clicked.connect(self.new_wanted)
        opening = QPushButton(_("Open…"))
        opening.clicked.connect(self.open_wanted)
        guide = QPushButton(_("Show me around"))
        guide.clicked.connect(self.guide_wanted)
        head = QHBoxLayout()
        head.setSpacing(2 * UNIT)
        head.addWidget(title)
        head.addStretch(1)
        for button in (guide, opening, begin):
            head.addWidget(button)
        search = QHBoxLayout()
        search.setSpacing(4 * UNIT)
        search.addWidget(self.filter, 1)
        search.addWidget(self.ready_only)
        search.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10 * UNIT, 8 * UNIT, 10 * UNIT, 4 * UNIT)
        column.setSpacing(3 * UNIT)
        column.addLayout(head)
        column.addLayout(search)
        column.addSpacing(UNIT)
        column.addWidget(self._recent_title)
        column.addWidget(self.recent)
        column.addWidget(_heading(_("Templates")))
        column.addWidget(self._none)
        column.addWidget(self.gallery, 1)
        self.recent.setFixedHeight(240)
        self.recent.setWrapping(False)
        self.recent.setFlow(Gallery.Flow.LeftToRight)
        self.recent.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def refresh(self) -> None:
        """Read the recent files and the templates anew."""
        self._templates = templates(self._catalog)
        self._show()

    def _show(self) -> None:
        words = self.filter.text().lower().split()

        def wanted(*said: str) -> bool:
            text = " ".join(said).lower()
            return all(word in text for word in words)

        files = [Path(each) for each in self._settings.choices.recent]
        recent = [
            Card(str(file), file.stem, _ago(file), picture_of(file))
            for file in files
            if file.is_file() and wanted(str(file))
        ]
        self.recent.show_cards(recent)
        self._recent_title.setVisible(bool(recent))
        self.recent.setVisible(bool(recent))
        cards = [
            Card(
                str(each.file),
                each.title,
                each.lacking or each.about,
                each.picture,
                _("Something is missing") if each.lacking else "",
                "warn",
            )
            for each in self._templates
            if wanted(each.title, each.about) and not (self.ready_only.isChecked() and each.lacking)
        ]
        self.gallery.show_cards(cards)
        self._none.setVisible(not cards)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = QFont(label.font())
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label


def _ago(file: Path) -> str:
    try:
        seconds = time.time() - file.stat().st_mtime
    except OSError:
        return str(file.parent)
    days = int(seconds // 86400)
    if seconds < 3600:
        when = _("{count} min ago").format(count=max(1, int(seconds // 60)))
    elif days == 0:
        when = _("{count} h ago").format(count=int(seconds // 3600))
    else:
        when = _("{count} days ago").format(count=days)
    return f"{when} · {file.parent}"
