"""The licence of a model, shown before it is fetched, and agreed to once."""

from __future__ import annotations

import html
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from meshloom.graph_runtime.models.licences import TERMS, Licence
from meshloom.ui.models.amounts import amount
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

#: How kinds of licences are told, and in which colour of the theme.
MOODS = {"free": "good", "conditions": "warn", "not commercial": "bad", "unknown": "warn"}


def kind_in_words(licence: Licence) -> str:
    """What a kind of licence lets one do, in a few words."""
    return {
        "free": _("free to use"),
        "conditions": _("free under conditions"),
        "not commercial": _("not for commercial use"),
        "unknown": _("not known to Meshloom"),
    }.get(licence.kind, licence.kind)


def licence_words(licence: Licence, gated: bool = False) -> str:
    """The licence as rich text: its name, kind and consequences, and where it can be read."""
    mood = getattr(theme(), MOODS.get(licence.kind, "warn"))
    parts = [
        f"<b>{html.escape(licence.name)}</b>&nbsp; "
        f'<span style="color: {mood}">{html.escape(kind_in_words(licence))}</span>',
        html.escape(_in_words(licence, gated)),
    ]
    if licence.link.startswith(("https://", "http://")):
        link = html.escape(licence.link, quote=True)
        parts.append(f'<a href="{link}" style="color: {theme().accent}">{link}</a>')
    return "<br>".join(parts)


def _in_words(licence: Licence, gated: bool) -> str:
    """Its meaning in the user's language; the sentence about terms stands behind it."""
    plain = licence.meaning.removesuffix(f" {TERMS}")
    said = _(plain)
    return f"{said} {_(TERMS)}" if plain != licence.meaning or gated else said


class Consent(QDialog):
    """Asks whether a licence is agreed to. Fetching is possible once the tick is set."""

    #: The name of the licence that was agreed to.
    agreed = Signal(str)

    def __init__(self, plan: dict[str, Any], parent: QWidget | None = None) -> None:
        """``plan``: what :func:`meshloom.graph_runtime.models.jobs.look_up` tells."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Licence of {model}").format(model=plan["source"]))
        self.setMinimumWidth(520)
        self._name = str(plan["licence"]["name"])
        head = QLabel(_("{model} comes under this licence:").format(model=plan["source"]))
        head.setWordWrap(True)
        words = QLabel(licence_words(Licence(**plan["licence"]), plan["gated"]))
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.RichText)
        words.setOpenExternalLinks(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        words.setContentsMargins(3 * UNIT, 2 * UNIT, 0, 2 * UNIT)
        note = QLabel(_("You are asked once. The sentence above replaces neither the licence nor a lawyer."))
        note.setWordWrap(True)
        note.setStyleSheet(f"color: {theme().dim};")
        self.tick = QCheckBox(_("I have read the licence and agree to it"))
        self.fetch = QPushButton(_("Fetch {size}").format(size=amount(plan["missing"])))
        self.fetch.setDefault(True)
        self.fetch.setEnabled(False)
        leave = QPushButton(_("Cancel"))
        leave.setAutoDefault(False)
        end = QHBoxLayout()
        end.addStretch(1)
        end.addWidget(leave)
        end.addWidget(self.fetch)
        column = QVBoxLayout(self)
        column.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 4 * UNIT)
        column.setSpacing(2 * UNIT)
        for widget in (head, words, note, self.tick):
            column.addWidget(widget)
        column.addSpacing(3 * UNIT)
        column.addLayout(end)
        self.tick.toggled.connect(self.fetch.setEnabled)
        self.fetch.clicked.connect(self._agree)
        leave.clicked.connect(self.reject)
        self.tick.setFocus()

    def _agree(self) -> None:
        self.agreed.emit(self._name)
        self.accept()
