"""Two results chosen in viewers, held against each other in a dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from meshloom.ui.look.compare import CompareView
from meshloom.ui.look.image_view import pixels_of
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.window.main_window import MainWindow


class Comparing(QObject):
    """A and B, and the page that shows both. The dock is called "compare"."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.pictures = CompareView()
        self.chosen: list[tuple[Any, str] | None] = [None, None]
        self._page: QWidget = self.pictures

    def take(self, place: int, value: Any, title: str) -> None:
        """Make a value A (0) or B (1); with both there, show them."""
        self.chosen[place] = (value, title)
        one, other = self.chosen
        if one is None or other is None:
            words = _("{title} is A. Choose another result and use it as B.")
            if place == 1:
                words = _("{title} is B. Choose another result and use it as A.")
            self._window.tell(words.format(title=title))
            return
        flat = pixels_of(one[0]) is not None, pixels_of(other[0]) is not None
        if flat[0] != flat[1]:
            self._window.tell(_("A picture cannot be compared with a model."))
            return
        dock = self._window.docks["compare"]
        if flat[0]:
            self.pictures.show_values(one[0], other[0], (one[1], other[1]))
            page: QWidget = self.pictures
        else:
            page = self._models(one, other)
        if dock.widget() is not page:
            dock.setWidget(page)
        dock.show()
        dock.raise_()
        if dock.height() < 300:
            self._window.resizeDocks([dock], [420], Qt.Orientation.Vertical)

    def _models(self, one: tuple[Any, str], other: tuple[Any, str]) -> QWidget:
        from meshloom.ui.viewport.compare_models import CompareModels

        if not isinstance(self._page, CompareModels):
            self._page = CompareModels()
        eyes = (viewer.eye_on(value) for viewer in self._window.viewers for value, _title in (other, one))
        eye = next((eye for eye in eyes if eye is not None), None)
        self._page.show_values(one[0], other[0], (one[1], other[1]), eye)
        return self._page

    def leave(self) -> None:
        """End the threads that draw."""
        leave = getattr(self._page, "leave", None)
        if leave is not None:
            leave()
