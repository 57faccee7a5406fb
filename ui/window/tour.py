"""A guided way through the window: what to look at, in words, and what to try."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QKeyCombination, QObject, QPoint, QRect, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from meshloom.ui.window.tour_card import Card, Spot, room_of
from meshloom.ui.words import _

#: How often it is looked where the widget is now, and how long a step that was done is shown as done (ms).
_EVERY = 120
_MOMENT = 500

Done = SignalInstance | Callable[[], SignalInstance | None] | None


@dataclass(frozen=True)
class Step:
    """A stop of a tour.

    ``target`` finds the widget that it is about when the step is shown (``None``: none, or not there yet).
    ``done``: the signal, or what finds it then, that tells that the user did what the words ask for; without one
    the user goes on by "Next". ``also``: a widget that is lit too, where the user does it.
    """

    title: str
    words: str
    target: Callable[[], QWidget | None]
    done: Done = None
    also: Callable[[], QWidget | None] | None = None


class Tour(QObject):
    """Leads through ``steps`` in the window of ``parent``. Alt+Right and Alt+Left go on and back, F6 reaches the
    card, Esc on it leaves."""

    #: The number of the step that is shown now.
    moved = Signal(int)
    #: It is over; whether the last step was reached and not left.
    finished = Signal(bool)

    def __init__(self, parent: QWidget, steps: Sequence[Step]) -> None:
        super().__init__(parent)
        self._window = parent.window()
        self._steps = tuple(steps)
        self._signal: SignalInstance | None = None
        #: What is lit: the target, and what is lit too; ``None`` before it was looked for.
        self._lit: tuple[QRect, QRect] | None = None
        self.index = -1
        self.card: Card | None = None
        self.spot: Spot | None = None
        self._shortcuts: list[QShortcut] = []
        self._look = QTimer(self)
        self._look.setInterval(_EVERY)
        self._look.timeout.connect(self._follow)
        self._moment = QTimer(self)
        self._moment.setSingleShot(True)
        self._moment.setInterval(_MOMENT)
        self._moment.timeout.connect(self.next)

    @property
    def running(self) -> bool:
        return self.card is not None

    @property
    def step(self) -> Step | None:
        """The one that is shown."""
        return self._steps[self.index] if self.running else None

    # ------------------------------------------------------------------------------------------------- walking

    def start(self) -> None:
        """Show the first step."""
        if self.running or not self._steps:
            return
        for other in self._window.findChildren(Tour):
            other.leave()
        self.spot, self.card = Spot(self._window), Card(self._window)
        self.card.next_wanted.connect(self.next)
        self.card.back_wanted.connect(self.back)
        self.card.leave_wanted.connect(self.leave)
        self.card.key_typed.connect(self._pass_on)
        for keys, work in (("Alt+Right", self.next), ("Alt+Left", self.back), ("F6", self._to_card)):
            shortcut = QShortcut(QKeySequence(keys), self._window)
            shortcut.activated.connect(work)
            self._shortcuts.append(shortcut)
        self._window.installEventFilter(self)
        self._look.start()
        self._turn_to(0)

    def next(self) -> None:
        """Go on; after the last step the tour is over."""
        if not self.running:
            return
        if self.index + 1 < len(self._steps):
            self._turn_to(self.index + 1)
        else:
            self._end(True)

    def back(self) -> None:
        """The step before."""
        if self.running and self.index > 0:
            self._turn_to(self.index - 1)

    def leave(self) -> None:
        """End the tour here."""
        if self.running:
            self._end(False)

    def _turn_to(self, index: int) -> None:
        assert self.card is not None and self.spot is not None
        self._stop_waiting()
        self.index = index
        step = self._steps[index]
        self._signal = self._wait_for(step)
        hint = _("Try it: the tour goes on by itself.") if self._signal is not None else ""
        self.card.tell(step.title, step.words, hint, index, len(self._steps))
        self._lit = None
        self._follow()
        self.spot.show()
        self.card.show()
        self._focus(step)
        QAccessible.updateAccessibility(QAccessibleEvent(self.card, QAccessible.Event.Alert))
        self.moved.emit(index)

    def _wait_for(self, step: Step) -> SignalInstance | None:
        found = step.done
        if found is not None and not isinstance(found, SignalInstance):
            found = found()
        if found is not None:
            found.connect(self._happened)
        return found

    def _stop_waiting(self) -> None:
        self._moment.stop()
        waited, self._signal = self._signal, None
        if waited is not None:
            with contextlib.suppress(RuntimeError, TypeError), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # whoever would have told may be gone
                waited.disconnect(self._happened)

    def _happened(self, *_said: object) -> None:
        """The user did it: say so for a moment, then go on."""
        if self.card is not None and not self._moment.isActive():
            self.card.say(_("✓ Well done."))
            self._stand()
            self._moment.start()

    def _end(self, through: bool) -> None:
        self._stop_waiting()
        self._look.stop()
        self._window.removeEventFilter(self)
        parts = [self.card, self.spot, *self._shortcuts]
        had_focus = self.card is not None and self.card.isAncestorOf(
            self._window.focusWidget() or self._window
        )
        self.card, self.spot, self._shortcuts, self.index = None, None, [], -1
        for part in parts:
            if part is not None and isValid(part):
                if isinstance(part, QWidget):
                    part.hide()
                part.deleteLater()
        if had_focus:
            self._window.setFocus()
        self.finished.emit(through)

    # ------------------------------------------------------------------------------------------------- showing

    def _found(self, find: Callable[[], QWidget | None] | None) -> QWidget | None:
        """What a step looks for, if it is in this window and can be seen."""
        found = find() if find is not None else None
        if found is None or not isValid(found) or found.window() is not self._window or not found.isVisible():
            return None
        return found

    def _follow(self) -> None:
        """Keep the light on the widgets: docks are moved, pages turned."""
        step = self.step
        if step is None:
            return
        lit = self._place(self._found(step.target)), self._place(self._found(step.also))
        if lit != self._lit:
            self._lit = lit
            self._stand()

    def _place(self, widget: QWidget | None) -> QRect:
        return _seen(widget, self._window) if widget is not None else QRect()

    def _stand(self) -> None:
        if self.card is None or self.spot is None or self._lit is None:
            return
        self.spot.setGeometry(self._window.rect())
        self.spot.show_places(*self._lit)
        self.card.stand(self._lit[0], room_of(self._window))
        self.spot.raise_()
        self.card.raise_()

    def _focus(self, step: Step) -> None:
        """To the widget where something is to be tried, else to the card."""
        place = self._found(step.also) or self._found(step.target)
        if self._signal is not None and place is not None and _takes_focus(place):
            if not place.isAncestorOf(self._window.focusWidget() or self._window):
                place.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.card is not None:
            self.card.next.setFocus(Qt.FocusReason.OtherFocusReason)

    def _pass_on(self, key: QKeyCombination) -> None:
        """A key typed while the card has the focus does what it does where the step points: "F shows all"."""
        place = self._found(self._steps[self.index].target)
        for action in place.actions() if place is not None else ():
            if action.isEnabled() and QKeySequence(key) in action.shortcuts():
                action.trigger()
                return

    def _to_card(self) -> None:
        if self.card is not None:
            self.card.next.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self._lit = None
            self._follow()
        return super().eventFilter(watched, event)


def _takes_focus(widget: QWidget) -> bool:
    return (widget.focusProxy() or widget).focusPolicy() != Qt.FocusPolicy.NoFocus


def _seen(widget: QWidget, window: QWidget) -> QRect:
    """The part of a widget that nothing around it cuts off, in the window."""
    seen, around = widget.rect().translated(widget.mapTo(window, QPoint())), widget.parentWidget()
    while around is not None and around is not window:
        seen = seen.intersected(around.rect().translated(around.mapTo(window, QPoint())))
        around = around.parentWidget()
    return seen.intersected(window.rect())
