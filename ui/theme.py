"""Colours, type styles and the sheet of the window: one place, two themes.

Everything painted takes its colours from :func:`theme`, when it paints, so a change of theme is a repaint.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from meshloom.graph_runtime.types import SCALARS, VALUES

#: The distance that margins and gaps are multiples of, in logical pixels.
UNIT = 4

_ICONS = Path(__file__).parent / "icons"

Shape = Literal["circle", "square", "diamond", "triangle", "hexagon", "bar", "ring", "pentagon"]


@dataclass(frozen=True)
class Theme:
    """Named colours. Text on its ground reaches a contrast of 4.5:1 (``dim``: on ``window`` and ``panel``)."""

    name: str
    dark: bool
    #: Grounds, from the deepest to the nearest: the canvas, the window, panels and docks, fields, raised things.
    canvas: str
    window: str
    panel: str
    field: str
    raised: str
    #: Lines: of the canvas's grid, around things, and around what has the focus.
    grid: str
    line: str
    #: Words: usual, less important, on accent.
    text: str
    dim: str
    on_accent: str
    accent: str
    #: A node: body, head, border; the border when selected is the accent.
    node: str
    node_head: str
    node_line: str
    #: What happened: done, waiting, wrong, running, reused.
    good: str
    warn: str
    bad: str
    busy: str
    cached: str

    def colour(self, name: str, alpha: float = 1.0) -> QColor:
        """One of the colours above by name."""
        found = QColor(getattr(self, name))
        found.setAlphaF(alpha)
        return found


DARK = Theme(
    name="dark",
    dark=True,
    canvas="#17191d",
    window="#1e2126",
    panel="#24282e",
    field="#1a1d21",
    raised="#31363e",
    grid="#22262b",
    line="#3a4049",
    text="#e4e7eb",
    dim="#9aa3ae",
    on_accent="#0d1116",
    accent="#5ab0f6",
    node="#2b3037",
    node_head="#363c45",
    node_line="#121417",
    good="#66c28c",
    warn="#e7b550",
    bad="#f0716c",
    busy="#5ab0f6",
    cached="#8f9bd6",
)

LIGHT = Theme(
    name="light",
    dark=False,
    canvas="#e9ebee",
    window="#f4f5f7",
    panel="#fbfbfc",
    field="#ffffff",
    raised="#e3e6ea",
    grid="#dcdfe3",
    line="#c3c8cf",
    text="#1d2126",
    dim="#59616b",
    on_accent="#ffffff",
    accent="#1668b8",
    node="#ffffff",
    node_head="#eceef1",
    node_line="#aab1ba",
    good="#1d7a45",
    warn="#8f6200",
    bad="#bb2a25",
    busy="#1668b8",
    cached="#4a56a6",
)

THEMES = {each.name: each for each in (DARK, LIGHT)}

#: How sockets of a type look: (shape, colour on dark, colour on light). Shape and colour both tell types apart.
_SOCKETS: dict[str, tuple[Shape, str, str]] = {
    "Image": ("circle", "#e8c15a", "#a37500"),
    "Mask": ("ring", "#c8cdd4", "#5b6470"),
    "DepthMap": ("bar", "#9d8df1", "#5a45c4"),
    "Cameras": ("triangle", "#f08a5d", "#b6501d"),
    "PointCloud": ("hexagon", "#4fc3c7", "#0b7a7e"),
    "Splats": ("hexagon", "#c9a2f0", "#7440a8"),
    "Mesh": ("diamond", "#62c37a", "#1f7d39"),
    "Table": ("square", "#b8a188", "#73593a"),
    "Figure": ("pentagon", "#e582b5", "#ab3576"),
    "Text": ("square", "#8fb6e6", "#2c64a8"),
}
_NUMBER: tuple[Shape, str, str] = ("circle", "#8e99a6", "#5b6673")
#: For types of packs: told apart by a colour that their name gives.
_OTHERS: tuple[tuple[str, str], ...] = (
    ("#d78ce0", "#8c2f98"),
    ("#7fd1ae", "#14704b"),
    ("#d9d36a", "#77700a"),
    ("#e39a9a", "#9c3434"),
    ("#86c5ea", "#1b6a97"),
)


def socket_style(type_name: str) -> tuple[Shape, QColor]:
    """How a socket of a value type (its class name, without ``list[...]``) is drawn in the current theme."""
    if type_name in _SOCKETS:
        shape, dark, light = _SOCKETS[type_name]
    elif type_name in SCALARS:
        shape, dark, light = _NUMBER
    else:
        dark, light = _OTHERS[sum(type_name.encode()) % len(_OTHERS)]
        shape = "pentagon" if type_name in VALUES else "square"
    return shape, QColor(dark if theme().dark else light)


def icon(name: str) -> QIcon:
    """A picture of the folder ``icons``, for the theme in use."""
    return QIcon(str(_ICONS / f"{name}_{theme().name}.svg"))


class _Current(QObject):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.theme = DARK


_current: _Current | None = None


def current() -> _Current:
    """The holder of the theme; its ``changed`` tells of another one."""
    global _current
    if _current is None:
        _current = _Current()
    return _current


def theme() -> Theme:
    """The theme now in use."""
    return current().theme


def use(name: str, application: QApplication) -> None:
    """Put a theme on: "dark", "light" or "system"."""
    if name == "system":
        scheme = QGuiApplication.styleHints().colorScheme()
        name = "light" if scheme == Qt.ColorScheme.Light else "dark"
    chosen = THEMES.get(name, DARK)
    current().theme = chosen
    application.setStyle("Fusion")
    application.setPalette(_palette(chosen))
    application.setStyleSheet(_sheet(chosen))
    current().changed.emit()


def _palette(chosen: Theme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for part, name in (
        (role.Window, "window"),
        (role.WindowText, "text"),
        (role.Base, "field"),
        (role.AlternateBase, "panel"),
        (role.ToolTipBase, "raised"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "dim"),
        (role.Text, "text"),
        (role.Button, "raised"),
        (role.ButtonText, "text"),
        (role.BrightText, "bad"),
        (role.Link, "accent"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.Light, "raised"),
        (role.Midlight, "line"),
        (role.Mid, "line"),
        (role.Dark, "canvas"),
        (role.Shadow, "canvas"),
    ):
        palette.setColor(part, chosen.colour(name))
    for part in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, part, chosen.colour("dim", 0.6))
    return palette


def _tint(ink: str, ground: str) -> str:
    """A third of ``ink`` on ``ground``."""
    one, other = QColor(ink), QColor(ground)
    parts = [round(0.35 * a + 0.65 * b) for a, b in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)]
    return QColor(*parts).name()


def _sheet(chosen: Theme) -> str:
    return f"""
    QLabel[mood="dim"] {{ color: {chosen.dim}; }}
    QToolTip {{ background: {chosen.raised}; color: {chosen.text}; border: 1px solid {chosen.line}; padding: 4px; }}
    QMainWindow::separator {{ background: {chosen.canvas}; width: 4px; height: 4px; }}
    QDockWidget {{ titlebar-close-icon: none; titlebar-normal-icon: none; }}
    QDockWidget::title {{ background: {chosen.window}; color: {chosen.dim}; padding: 2px 8px; }}
    QMenu {{ background: {chosen.panel}; border: 1px solid {chosen.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {chosen.accent}; color: {chosen.on_accent}; }}
    QMenu::separator {{ height: 1px; background: {chosen.line}; margin: 4px 8px; }}
    QMenu::item:disabled {{ color: {chosen.dim}; background: transparent; }}
    QToolBar {{ background: {chosen.window}; border: none; spacing: 4px; padding: 4px; }}
    QStatusBar {{ background: {chosen.window}; color: {chosen.dim}; }}
    QTabBar::tab {{ background: {chosen.window}; color: {chosen.dim}; padding: 6px 12px; border: none; }}
    QTabBar::tab:selected {{ background: {chosen.panel}; color: {chosen.text};
        border-top: 2px solid {chosen.accent}; }}
    QTabBar::close-button {{ image: url({_ICONS.as_posix()}/close_{chosen.name}.svg); }}
    QTabBar::close-button:hover {{ background: {chosen.raised}; border-radius: 3px; }}
    QMenuBar {{ background: {chosen.window}; padding: 2px; }}
    QMenuBar::item {{ padding: 4px 10px; border-radius: 4px; background: transparent; }}
    QMenuBar::item:selected {{ background: {chosen.raised}; }}
    QProgressBar {{ background: {chosen.field}; color: {chosen.text}; border: 1px solid {chosen.line};
        border-radius: 4px; text-align: center; }}
    QProgressBar::chunk {{ background: {_tint(chosen.accent, chosen.field)}; border-radius: 3px; }}
    QTreeView, QListView, QTableView {{ background: {chosen.panel}; alternate-background-color: {chosen.field};
        border: none; selection-background-color: {chosen.accent}; selection-color: {chosen.on_accent}; }}
    QSlider::groove:horizontal {{ height: 4px; background: {chosen.line}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {chosen.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {chosen.text}; width: 12px; margin: -5px 0; border-radius: 6px; }}
    QSlider::handle:horizontal:disabled, QSlider::sub-page:horizontal:disabled {{ background: {chosen.line}; }}
    QTabWidget::pane {{ border: none; background: {chosen.panel}; }}
    QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox {{
        background: {chosen.field}; color: {chosen.text}; border: 1px solid {chosen.line};
        border-radius: 4px; padding: 3px 6px; selection-background-color: {chosen.accent};
        selection-color: {chosen.on_accent}; }}
    QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {{
        border-color: {chosen.accent}; }}
    QPushButton {{ background: {chosen.raised}; color: {chosen.text}; border: 1px solid {chosen.line};
        border-radius: 4px; padding: 5px 12px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {chosen.dim}; }}
    QPushButton:focus {{ border-color: {chosen.accent}; }}
    QPushButton:default {{ background: {chosen.accent}; color: {chosen.on_accent}; border-color: {chosen.accent}; }}
    QPushButton:disabled {{ color: {chosen.dim}; }}
    QToolButton {{ background: transparent; color: {chosen.text}; border: 1px solid transparent;
        border-radius: 4px; padding: 4px; }}
    QToolButton[popupMode="2"] {{ padding-right: 14px; }}
    QToolButton::menu-indicator {{ image: url({_ICONS.as_posix()}/down_{chosen.name}.svg); width: 9px; height: 9px;
        subcontrol-origin: padding; subcontrol-position: center right; right: 2px; }}
    QToolButton:checked {{ background: {chosen.raised}; border-color: {chosen.accent}; }}
    QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {chosen.dim}; border-radius: 3px;
        background: {chosen.field}; }}
    QCheckBox::indicator:checked {{ background: {chosen.accent}; border-color: {chosen.accent};
        image: url({_ICONS.as_posix()}/check_{chosen.name}.svg); }}
    QCheckBox:focus {{ color: {chosen.accent}; }}
    QPushButton:default:disabled {{ background: {chosen.raised}; color: {chosen.dim}; border-color: {chosen.line}; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
        border: none; background: transparent; width: 20px; }}
    QComboBox::down-arrow, QAbstractSpinBox::down-arrow {{
        image: url({_ICONS.as_posix()}/down_{chosen.name}.svg); width: 12px; height: 12px; }}
    QAbstractSpinBox::up-arrow {{ image: url({_ICONS.as_posix()}/up_{chosen.name}.svg); width: 12px; height: 12px; }}
    QLineEdit:disabled, QComboBox:disabled {{ color: {chosen.dim}; }}
    QHeaderView::section {{ background: {chosen.window}; color: {chosen.dim}; border: none; padding: 4px 8px; }}
    QScrollArea {{ border: none; background: transparent; }}
    QScrollBar:vertical {{ width: 10px; background: transparent; margin: 0; }}
    QScrollBar:horizontal {{ height: 10px; background: transparent; margin: 0; }}
    QScrollBar::handle {{ background: {chosen.line}; border-radius: 4px; margin: 1px;
        min-height: 24px; min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {chosen.dim}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    """
