"""The menu under the right button: what can be done with what is under the pointer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu

from meshloom.graph_runtime.edits import Unlink
from meshloom.ui.canvas import dots, named_links
from meshloom.ui.canvas.hits import Hit
from meshloom.ui.canvas.model import LinkShape
from meshloom.ui.words import _

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView

_NODE = (
    "canvas.rename", "canvas.mute", "canvas.bypass", "-", "canvas.cut", "canvas.copy", "canvas.duplicate",
    "canvas.delete", "-", "canvas.group", "canvas.ungroup", "canvas.keep_group", "canvas.frame", "-",
    "canvas.select_upstream", "canvas.select_downstream",
)  # fmt: skip
_EMPTY = (
    "canvas.add", "canvas.paste", "canvas.note", "-", "canvas.select_all", "canvas.find", "canvas.layout", "-",
    "canvas.fit_all", "canvas.minimap", "canvas.leave",
)  # fmt: skip


def menu_for(view: CanvasView, hit: Hit, at: QPointF) -> QMenu:
    """The menu for what was hit at a point of the scene. It ends itself when it is closed."""
    menu = QMenu(view)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if hit.link is not None:
        _fill_link(menu, view, hit.link, at)
    else:
        _fill(menu, view, _NODE if hit.node is not None else _EMPTY)
    return menu


def _fill(menu: QMenu, view: CanvasView, names: tuple[str, ...]) -> None:
    known: dict[str, QAction] = {str(action.data()): action for action in view.actions() if action.data()}
    for name in names:
        if name == "-":
            menu.addSeparator()
        elif name in known:
            menu.addAction(known[name])


def _fill_link(menu: QMenu, view: CanvasView, link: LinkShape, at: QPointF) -> None:
    named = (link.target, link.socket) in named_links.held(view.model)
    if named:
        menu.addAction(_("Show as a line"), partial(_name, view, link, ""))
    else:
        menu.addAction(_("Reroute here"), partial(_reroute, view, link, at))
    menu.addAction(_("Show as a name…"), partial(_ask_name, view, link))
    menu.addSeparator()
    menu.addAction(_("Unlink"), partial(_unlink, view, link))


def _reroute(view: CanvasView, link: LinkShape, at: QPointF) -> None:
    view.document.do(dots.added(view, link, at), _("Reroute"))


def _unlink(view: CanvasView, link: LinkShape) -> None:
    view.document.do(
        Unlink(link.target, link.socket, view.scope), _("Unlink {node}").format(node=link.target)
    )


def _name(view: CanvasView, link: LinkShape, name: str) -> None:
    view.document.do(named_links.changed(view, link, name.strip()), _("Name a link"))


def _ask_name(view: CanvasView, link: LinkShape) -> None:
    dialog = QInputDialog(view)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(_("Name of the link"))
    dialog.setLabelText(_("Shown at both ends, without the line between"))
    dialog.setTextValue(named_links.held(view.model).get((link.target, link.socket), link.output))
    dialog.textValueSelected.connect(partial(_name, view, link))
    dialog.open()
