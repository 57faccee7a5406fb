"""How a field of a form asks for the window of models, which it does not know."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class _Asking(QObject):
    #: The window of models is to be shown, with this source in front (empty: whatever is).
    wanted = Signal(str)


_asking: _Asking | None = None


def asking() -> _Asking:
    """The one whom all fields tell."""
    global _asking
    if _asking is None:
        _asking = _Asking()
    return _asking
