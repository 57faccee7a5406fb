"""What can be done on the canvas by name: the list, and what each does to a view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QGuiApplication

from meshloom.graph_runtime.edits import Batch, Edit, Flag, Move, Remove
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.ui.canvas import clipboard, decor, grouping
from meshloom.ui.canvas.gestures import decor_edit
from meshloom.ui.canvas.layout import layered
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.commands import Command
from meshloom.ui.library import Library
from meshloom.ui.words import _

COMMANDS = (
    Command("canvas.add", "Add a node…", ("Tab",)),
    Command("canvas.delete", "Delete", ("Del", "Backspace")),
    Command("canvas.duplicate", "Duplicate", ("Ctrl+D",)),
    Command("canvas.cut", "Cut", ("Ctrl+X",)),
    Command("canvas.copy", "Copy", ("Ctrl+C",)),
    Command("canvas.paste", "Paste", ("Ctrl+V",)),
    Command("canvas.mute", "Mute", ("M",)),
    Command("canvas.bypass", "Bypass", ("B",)),
    Command("canvas.rename", "Title…", ("F2",)),
    Command("canvas.select_all", "Select all", ("Ctrl+A",)),
    Command("canvas.select_upstream", "Select what feeds it", ("Shift+Up",)),
    Command("canvas.select_downstream", "Select what it feeds", ("Shift+Down",)),
    Command("canvas.fit", "Fit the selection, or all", ("F",)),
    Command("canvas.fit_all", "Fit all", ("Home",)),
    Command("canvas.zoom_in", "Zoom in", ("+", "=")),
    Command("canvas.zoom_out", "Zoom out", ("-",)),
    Command("canvas.zoom_natural", "Natural size", ("Ctrl+0",)),
    Command("canvas.layout", "Arrange", ("L",)),
    Command("canvas.align_left", "Align left edges", ("Ctrl+Shift+Left",)),
    Command("canvas.align_top", "Align top edges", ("Ctrl+Shift+Up",)),
    Command("canvas.distribute", "Distribute downwards", ("Ctrl+Shift+Down",)),
    Command("canvas.frame", "Frame the selection", ("Ctrl+J",)),
    Command("canvas.note", "Add a note", ("Shift+N",)),
    Command("canvas.group", "Group", ("Ctrl+G",)),
    Command("canvas.ungroup", "Ungroup", ("Ctrl+Shift+G",)),
    Command("canvas.keep_group", "Keep the group for other graphs"),
    Command("canvas.leave", "Leave the group", ("Ctrl+Up",)),
    Command("canvas.find", "Find in the graph…", ("Ctrl+F",)),
    Command("canvas.minimap", "Overview on or off", ("Shift+M",)),
    Command("canvas.next_failed", "Go to what failed", ("E",)),
)


def handlers(view: CanvasView) -> dict[str, Callable[[], object]]:
    """The methods behind :data:`COMMANDS`, for a view."""
    made: dict[str, Callable[[], object]] = {
        "canvas.add": lambda: view.palette_wanted.emit(view.cursor_on_screen(), "", ""),
        "canvas.fit": lambda: view.fit(view.selection or None),
        "canvas.fit_all": lambda: view.fit(),
        "canvas.zoom_in": lambda: view.zoom_at(1.25, view.viewport().rect().center().toPointF()),
        "canvas.zoom_out": lambda: view.zoom_at(0.8, view.viewport().rect().center().toPointF()),
        "canvas.zoom_natural": lambda: view.zoom_at(
            1 / view.zoom, view.viewport().rect().center().toPointF()
        ),
        "canvas.select_all": lambda: view.select(view.model.shapes),
        "canvas.leave": lambda: view.leave_to(max(0, len(view.instances) - 1)),
        "canvas.find": lambda: view.find_bar.open(),
        "canvas.rename": lambda: view.edit_title(),
    }
    for name, work in (
        ("delete", delete),
        ("duplicate", duplicate),
        ("cut", cut),
        ("copy", copy),
        ("paste", paste),
        ("mute", partial(flag, mute=True)),
        ("bypass", partial(flag, mute=False)),
        ("select_upstream", partial(spread, upstream=True)),
        ("select_downstream", partial(spread, upstream=False)),
        ("layout", arrange),
        ("align_left", partial(align, axis=0)),
        ("align_top", partial(align, axis=1)),
        ("distribute", distribute),
        ("frame", frame),
        ("note", note),
        ("group", group),
        ("ungroup", ungroup),
        ("keep_group", keep_group),
        ("minimap", toggle_minimap),
        ("next_failed", next_failed),
    ):
        made[f"canvas.{name}"] = partial(work, view)
    return made


def delete(view: CanvasView) -> None:
    """Take the selected nodes out, with their links."""
    if view.selection:
        count = len(view.selection)
        label = _("Delete {count} nodes").format(count=count) if count > 1 else _("Delete")
        edits = tuple(Remove(name, view.scope) for name in view.selection)
        view.document.do(Batch(edits, label))


def copy(view: CanvasView) -> None:
    """Put the selected nodes on the clipboard."""
    if view.selection:
        graph = clipboard.part(view.document.document, view.scope, view.selection)
        QGuiApplication.clipboard().setMimeData(clipboard.to_mime(graph))


def cut(view: CanvasView) -> None:
    copy(view)
    delete(view)


def paste(view: CanvasView) -> None:
    """Add what is on the clipboard, where the pointer is."""
    try:
        graph = clipboard.from_mime(QGuiApplication.clipboard().mimeData(), view.document)
    except MeshloomError:
        view.notice(_("The clipboard holds no nodes"))
        return
    at = view.mapToScene(view.viewport().mapFromGlobal(view.cursor_on_screen()))
    _put(view, graph, (at.x(), at.y()))


def duplicate(view: CanvasView) -> None:
    """Copies of the selected nodes beside them, with the links they had among each other."""
    if view.selection:
        graph = clipboard.part(view.document.document, view.scope, view.selection)
        box = view.model.bounds(view.selection)
        _put(view, graph, (box.left() + 32, box.top() + 32))


def _put(view: CanvasView, graph, at: tuple[float, float]) -> None:
    edit, names = clipboard.pasted(view.document, view.scope, graph, at)
    if view.document.do(edit):
        view.select(names)


def flag(view: CanvasView, mute: bool) -> None:
    """Mute or bypass the selected nodes, or enable them if all of them are."""
    data = {name: view.document.document.node(name, view.scope) for name in view.selection}
    on = not all(each.mute if mute else each.bypass for each in data.values())
    edits = tuple(Flag(name, on and mute, on and not mute, view.scope) for name in data)
    label = _("Enable") if not on else _("Mute") if mute else _("Bypass")
    view.document.do(Batch(edits, label))


def spread(view: CanvasView, upstream: bool) -> None:
    """Select all that feeds the selection, or all it feeds."""
    reached = list(view.selection)
    for name in reached:
        for link in list(view.model.links_of((name,))):
            other = link.source if upstream else link.target
            here = link.target if upstream else link.source
            if here == name and other not in reached:
                reached.append(other)
    view.select(reached)


def arrange(view: CanvasView) -> None:
    """Put the selected nodes, or all, in layers. What stands on a frame takes its frame along."""
    names = view.selection if len(view.selection) > 1 else list(view.model.shapes)
    if not names:
        return
    nodes = {name: view.document.document.node(name, view.scope) for name in names}
    sizes = {name: (view.model.shapes[name].width, view.model.shapes[name].full_height) for name in names}
    places = layered(nodes, sizes=sizes)
    before = view.model.bounds(names)
    left, top = min(x for x, _y in places.values()), min(y for _x, y in places.values())
    places = {name: (x - left + before.left(), y - top + before.top()) for name, (x, y) in places.items()}
    edits: list[Edit] = [Move(name, place, view.scope) for name, place in places.items()]
    frames = [dict(each) for each in decor.held(view.model, "frames")]
    moved = False
    for each in frames:
        box = decor.box_of(each)
        inside = [name for name in names if box.contains(view.model.bounds((name,)).center())]
        if inside:
            each["box"] = _around([(*places[name], *sizes[name]) for name in inside])
            moved = True
    if moved:
        edits.append(decor_edit(view, "frames", frames))
    view.document.do(Batch(tuple(edits), _("Arrange")))


def _around(boxes: list[tuple[float, float, float, float]]) -> list[float]:
    left, top = min(box[0] for box in boxes) - 20, min(box[1] for box in boxes) - 20 - decor.FRAME_HEAD
    right = max(box[0] + box[2] for box in boxes) + 20
    return [left, top, right - left, max(box[1] + box[3] for box in boxes) + 20 - top]


def align(view: CanvasView, axis: int) -> None:
    """Give the selected nodes the smallest x (0) or y (1) among them."""
    places = {name: [view.model.shapes[name].x, view.model.shapes[name].y] for name in view.selection}
    if len(places) > 1:
        least = min(place[axis] for place in places.values())
        for place in places.values():
            place[axis] = least
        edits = tuple(Move(name, (x, y), view.scope) for name, (x, y) in places.items())
        view.document.do(Batch(edits, _("Align")))


def distribute(view: CanvasView) -> None:
    """Even gaps from the topmost of the selected nodes to the lowest."""
    shapes = sorted((view.model.shapes[name] for name in view.selection), key=lambda shape: shape.y)
    if len(shapes) < 3:
        return
    room = shapes[-1].y - shapes[0].y - sum(shape.height for shape in shapes[:-1])
    gap = max(room / (len(shapes) - 1), 16.0)
    y, edits = shapes[0].y, []
    for shape in shapes:
        edits.append(Move(shape.name, (shape.x, round(y)), view.scope))
        y += shape.height + gap
    view.document.do(Batch(tuple(edits), _("Distribute")))


def frame(view: CanvasView) -> None:
    """A frame around the selected nodes."""
    if not view.selection:
        return
    boxes = [
        (shape.x, shape.y, shape.width, shape.height)
        for shape in (view.model.shapes[name] for name in view.selection)
    ]
    frames = [dict(each) for each in decor.held(view.model, "frames")]
    colour = decor.FRAME_COLOURS[len(frames) % len(decor.FRAME_COLOURS)]
    frames.append({"title": _("Frame"), "colour": colour, "box": _around(boxes)})
    view.document.do(decor_edit(view, "frames", frames), _("Add a frame"))


def note(view: CanvasView) -> None:
    """A note where the pointer is."""
    at = view.mapToScene(view.viewport().mapFromGlobal(view.cursor_on_screen()))
    notes = [dict(each) for each in decor.held(view.model, "notes")]
    notes.append({"text": _("**Note.** Double-click to write."), "box": [at.x(), at.y(), 240, 120]})
    view.document.do(decor_edit(view, "notes", notes), _("Add a note"))


def group(view: CanvasView) -> None:
    """Put the selected nodes into a group."""
    if view.selection:
        edit, instance = grouping.collapse(view.document.document, view.scope, view.selection, _("Group"))
        if view.document.do(edit):
            view.select([instance])


def ungroup(view: CanvasView) -> None:
    """Put the nodes of the selected groups in their place."""
    found: list[str] = []
    for name in list(view.selection):
        if view.model.shapes[name].group and not view.model.shapes[name].ghost:
            edit, names = grouping.expand(view.document.document, view.scope, name)
            if view.document.do(edit):
                found += names
    if found:
        view.select(found)


def keep_group(view: CanvasView) -> None:
    """Keep the selected group as a node that the palette offers in every graph."""
    name = next((each for each in view.selection if view.model.shapes[each].group), None)
    if name is None:
        view.notice(_("Select a group first"))
        return
    graph = clipboard.part(view.document.document, view.scope, [name])
    title = view.model.shapes[name].title
    try:
        Library().keep_group(graph, title)
    except OSError as error:
        view.notice(_("{name} cannot be kept: {error}").format(name=title, error=error.strerror or error))
        return
    view.notice(_("{name} is in the palette now").format(name=title))


def toggle_minimap(view: CanvasView) -> None:
    """The overview in the corner, when not all is in view."""
    view.minimap.wanted = not view.minimap.wanted
    view.minimap.view_moved()


def next_failed(view: CanvasView) -> None:
    """Show a node that failed, the next time the next."""
    path = view.next_failed()
    if path is not None:
        view.reveal(path)
    else:
        view.notice(_("Nothing failed"))
