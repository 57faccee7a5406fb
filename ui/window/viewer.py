"""Looks at results: of the selected node, or of the one it is pinned to."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime import types
from meshloom.graph_runtime.spec import NodeSpec
from meshloom.ui.canvas.scopes import place_of, title_at
from meshloom.ui.fields.text import label
from meshloom.ui.look.contents import contents, opened
from meshloom.ui.look.image_view import ImageView, pixels_of
from meshloom.ui.look.live_view import LiveView
from meshloom.ui.look.overview import MOST, Overview, Part, can_show, has_overview, is_report
from meshloom.ui.look.pages import FigureView, TableView, TextView
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.theme import UNIT
from meshloom.ui.viewport.things import is_spatial
from meshloom.ui.window.document_tab import DocumentTab
from meshloom.ui.window.gathering import Gathering
from meshloom.ui.window.seen_from import cameras_of
from meshloom.ui.window.staging import Stage, stage_of, tool_for
from meshloom.ui.window.workbench import Workbench
from meshloom.ui.words import _

#: The longer side of the photos in the mouths of cameras, pixels.
_THUMB = 160
#: Photos loaded for them at most.
_MOST_PHOTOS = 400


class Viewer(QWidget):
    """One result, drawn as its type asks for."""

    #: Pinned to a node, or following the selection.
    pinned = Signal(bool)
    #: The value is to be A (0) or B (1) of a comparison: place, value, title.
    compare_wanted = Signal(int, object, str)
    #: What is shown has a name: for the dock's title.
    titled = Signal(str)

    def __init__(self, bench: Workbench, parent: QWidget | None = None, edits: bool = True) -> None:
        """``edits``: nodes that are edited in the viewport show what is before them, with their tool."""
        super().__init__(parent)
        self._bench = bench
        self._edits = edits
        self.tab: DocumentTab | None = None
        self.node = ""
        self.value: Any = None
        self._wanted = ""
        self._photos: dict[str, tuple[str, Any]] = {}
        self._photo_asked: set[str] = set()
        #: The node is edited in the viewport: with what before it, and which document's node has the tool.
        self._stage: Stage | None = None
        self._tooled: tuple[DocumentTab, str, str] | None = None
        #: The digest of the cameras that its keyframes may name.
        self._named = ""
        #: The digests of the splats shown and of the cameras that they were made with.
        self._seen_from = ("", "")
        self._pages: dict[str, QWidget] = {}
        self._gathering = Gathering(bench.results, self)
        self._gathering.ready.connect(self._show_together)
        self.output = QComboBox(self)
        self.output.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.item = QSlider(Qt.Orientation.Horizontal, self)
        self.item.setMinimumWidth(60)
        self.item.setAccessibleName(_("Which of the list"))
        self.count = QLabel(self)
        self.pin = QToolButton(self)
        self.pin.setText(_("Pin"))
        self.pin.setCheckable(True)
        self.pin.setToolTip(_("Stay with this node, whatever is selected"))
        self.compare = QToolButton(self)
        self.compare.setText(_("Compare"))
        self.compare.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.compare)
        menu.addAction(_("Use as A"), partial(self._send, 0))
        menu.addAction(_("Use as B"), partial(self._send, 1))
        self.lay_over = menu.addAction(_("Lay over pictures"), self._toggle_overlay)
        menu.aboutToShow.connect(self._offer_overlay)
        self.compare.setMenu(menu)
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setMargin(6 * UNIT)
        self.message.setProperty("mood", "dim")
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.message)
        bar = QHBoxLayout()
        bar.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        bar.setSpacing(2 * UNIT)
        for widget, stretch in ((self.output, 0), (self.item, 1), (self.count, 0)):
            bar.addWidget(widget, stretch)
        bar.addStretch(0)
        bar.addWidget(self.compare)
        bar.addWidget(self.pin)
        self._bar = bar
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.stack, 1)
        self.output.currentIndexChanged.connect(self._output_chosen)
        self.item.valueChanged.connect(self._load)
        self.pin.toggled.connect(self.pinned)
        bench.results.loaded.connect(self._loaded)
        bench.results.failed.connect(self._failed)
        self.clear()

    def sizeHint(self) -> QSize:
        return QSize(560, 460)

    # ------------------------------------------------------------------------------------------- choosing

    def clear(self, words: str = "") -> None:
        """Show no result."""
        self.value, self._wanted = None, ""
        self._gathering.forget()
        self._say(words or _("Select a node to see its result here."))
        for widget in (self.output, self.item, self.count, self.compare):
            widget.hide()

    def follow(self, tab: DocumentTab | None, node: str) -> None:
        """Show this node, unless pinned to another."""
        if not self.pin.isChecked() or self.tab is None:
            self.show_node(tab, node)

    def show_node(self, tab: DocumentTab | None, node: str) -> None:
        """Show the result of a node (its path) of a document."""
        self.tab, self.node = tab, node
        if tab is None or not node:
            self._stage = None
            self._place_tool()
            self.clear()
            self.titled.emit("")
            return
        self.refresh()

    def tab_closed(self, tab: DocumentTab) -> None:
        """A document is gone."""
        if self.tab is tab:
            self.pin.setChecked(False)
            self.show_node(None, "")

    def status_changed(self, tab: DocumentTab, node: str) -> None:
        """A node stands differently."""
        if tab is self.tab and node == self.node:
            self.refresh()
        else:
            self.document_changed(tab)

    def document_changed(self, tab: DocumentTab) -> None:
        """Its graph is another; how nodes stand may still be the same."""
        if tab is not self.tab or not self.node:
            return
        if self._stage is not None and stage_of(tab, self.node) != self._stage:
            self.refresh()
        else:
            self._tell_title()

    def _spec(self) -> NodeSpec | None:
        assert self.tab is not None
        document = self.tab.document.document
        place = place_of(document, self.node)
        if place is None:
            return None
        scope, name = place
        return self._bench.catalog.get(document.node(name, scope).type)

    def _title(self) -> str:
        assert self.tab is not None
        return title_at(self.tab.document.document, self.node)

    def _tell_title(self) -> None:
        assert self.tab is not None
        status = self.tab.status(self.node)
        old = status.state == "stale" and bool(status.outputs) and not self._staged
        self.titled.emit(self._title() + (" · " + _("before the last changes") if old else ""))

    def _title_of_shown(self) -> str:
        """Of whoever made what is shown: it may be what the node cuts."""
        return self._stage.title if self._staged and self._stage is not None else self._title()

    def refresh(self) -> None:
        """Read how the node stands; load its result if it has one."""
        assert self.tab is not None
        status, spec = self.tab.status(self.node), self._spec()
        self._stage = stage_of(self.tab, self.node) if self._edits else None
        self._place_tool()
        self._tell_title()
        if self._staged:
            for widget in (self.output, self.item, self.count):
                widget.hide()
            self._load()
            return
        if status.state == "running" and (status.preview is not None or status.plot is not None):
            self._show_live(status)
            return
        if not status.outputs or spec is None:
            self.clear(self._why_nothing(status))
            return
        names = [port.name for port in spec.outputs][: len(status.outputs)]
        if has_overview(spec):
            names.insert(0, "")
        held = [self.output.itemData(index) for index in range(self.output.count())]
        if held != names:
            kept = self.output.currentData()
            self.output.blockSignals(True)
            self.output.clear()
            for name in names:
                self.output.addItem(label(name) or _("Overview"), name)
            usual = 0 if len(names) < 2 or is_report(spec) or names[0] else 1
            self.output.setCurrentIndex(names.index(kept) if kept and kept in names else usual)
            self.output.blockSignals(False)
        self.output.setVisible(len(names) > 1)
        self._set_items(status)
        self._load()

    def _show_live(self, status: NodeStatus) -> None:
        """The unfinished result, whatever the node made before."""
        page: Any = self._page("live")
        page.show_status(status)
        self.value, self._wanted = None, ""
        self._gathering.forget()
        for widget in (self.output, self.item, self.count, self.compare):
            widget.hide()
        self.stack.setCurrentWidget(page)

    def _why_nothing(self, status: NodeStatus) -> str:
        if status.state == "failed":
            return "\n\n".join(part for part in (status.message, status.hint) if part)
        if status.state in ("running", "waiting"):
            return status.message or _("Running…")
        if status.notes:
            return "\n\n".join(status.notes)
        if status.state == "muted":
            return _("This node is muted.")
        run = self._bench.runs.current
        waits = status.state in ("unknown", "stale")
        if waits and run is not None and self.tab is not None and run.document == self.tab.key:
            return _("Its turn has not come yet in this run.")
        return _("No result yet. Run the graph with F5.")

    def _output_chosen(self) -> None:
        if self.tab is not None and self.node:
            self._set_items(self.tab.status(self.node))
            self._load()

    def _ref(self, status: NodeStatus) -> Any:
        index = max(0, self.output.currentIndex())
        if self.output.itemData(0) == "":
            index -= 1  # -1: all together
        if index < 0:
            return None
        return status.outputs[index] if index < len(status.outputs) else None

    def _set_items(self, status: NodeStatus) -> None:
        ref = self._ref(status)
        many = isinstance(ref, tuple)
        self.item.blockSignals(True)
        self.item.setRange(0, max(0, len(ref) - 1) if many else 0)
        self.item.blockSignals(False)
        self.item.setVisible(many and len(ref) > 1)
        self.count.setVisible(many)

    def digest(self) -> str:
        """Of what is chosen; empty when there is none."""
        if self.tab is None:
            return ""
        ref = self._ref(self.tab.status(self.node))
        if isinstance(ref, tuple):
            return ref[min(self.item.value(), len(ref) - 1)] if ref else ""
        return ref or ""

    # --------------------------------------------------------------------------- edited in the viewport

    @property
    def _staged(self) -> bool:
        """Whether the scene before the node is shown, rather than its result."""
        if self._stage is None or self.tab is None:
            return False
        tool: Any = self._pages["model"].viewport.tool if "model" in self._pages else None  # type: ignore[attr-defined]
        wants_result = self._stage.crops and tool is not None and tool.result.isChecked()
        if self._stage.digest:
            return not (wants_result and self.tab.status(self.node).outputs)
        # Keyframes are set before what was looked at last, if nothing says what they film and there is no result.
        waits = not self._stage.crops and not self.tab.status(self.node).outputs
        return waits and tool is not None and bool(tool.viewport.things)

    def _place_tool(self) -> None:
        """The tool of the node that is shown, or none."""
        wanted = None
        if self._stage is not None and self.tab is not None:
            wanted = (self.tab, self._stage.scope, self._stage.name)
        if wanted != self._tooled:
            self._tooled, self._named = wanted, ""
            page: Any = self._pages.get("model") if wanted is None else self._page("model")
            if page is not None:
                page.set_tool(
                    tool_for(self._stage, self.tab, page.viewport) if self._stage and self.tab else None
                )
            if wanted is not None and self._stage is not None and self._stage.crops:
                page.viewport.tool.result_wanted.connect(self.refresh)
        named = self._stage.named if self._stage is not None else ""
        if named != self._named:
            self._named = named
            if named:
                self._bench.results.want(named)
            else:  # another node's are forgotten with its tool: these were unlinked
                page = self._page("model")
                page.viewport.tool.set_cameras(None)

    def _load(self) -> None:
        if self._staged and self._stage is not None:
            self._gathering.forget()
            if self._stage.digest and (self._stage.digest != self._wanted or self.value is None):
                self._wanted = self._stage.digest
                self._bench.results.want(self._wanted)
            elif not self._stage.digest:
                self._wanted, self.value = "", None
                self.compare.hide()
                self.stack.setCurrentWidget(self._page("model"))
            return
        if self.output.count() and self.output.currentData() == "":
            self._load_together()
            return
        self._gathering.forget()
        digest = self.digest()
        if self.item.isVisibleTo(self):
            self.count.setText(f"{self.item.value() + 1} / {self.item.maximum() + 1}")
        else:
            self.count.setText("")
        if not digest:
            self.clear(_("An empty list."))
        elif digest != self._wanted or self.value is None:
            self._wanted = digest
            self._bench.results.want(digest)

    def _load_together(self) -> None:
        """Everything that has a place on one page."""
        assert self.tab is not None
        spec, status = self._spec(), self.tab.status(self.node)
        self._wanted = ""
        asked = []
        for port, ref in zip(spec.outputs if spec is not None else (), status.outputs, strict=False):
            digests = ref if isinstance(ref, tuple) else (ref,)
            if can_show(port) and all(digests):
                asked.append((port.name, tuple(digests[:MOST])))
        self._gathering.ask(asked)

    # -------------------------------------------------------------------------------------------- showing

    def _show_together(self, parts: list[Part]) -> None:
        page: Any = self._page("overview")
        page.show_parts(parts)
        self.value = None
        self.compare.hide()
        self.stack.setCurrentWidget(page)

    def _loaded(self, digest: str, value: Any) -> None:
        if digest == self._wanted:
            self.value = value
            self._show(value, digest)
        if digest in self._photo_asked:
            self._take_photo(digest, value)
        if digest == self._seen_from[1] and isinstance(value, types.Cameras):
            model: Any = self._page("model")
            model.set_seen_from(self._seen_from[0], value)
            self._seen_from = ("", "")
        if self._stage is not None and digest == self._stage.named:
            page: Any = self._page("model")
            page.viewport.tool.set_cameras(value)

    def _failed(self, digest: str, why: str) -> None:
        self._photo_asked.discard(digest)
        if digest == self._wanted:
            self.value = None
            self._say(why)

    def _say(self, words: str) -> None:
        self.message.setText(words)
        self.stack.setCurrentWidget(self.message)

    def _page(self, kind: str) -> QWidget:
        if kind not in self._pages:
            if kind == "model":
                from meshloom.ui.viewport.model_view import ModelView

                page: QWidget = ModelView(self)
                page.photo_wanted.connect(self._send_photo)  # type: ignore[attr-defined]
            else:
                page = {
                    "image": ImageView, "table": TableView, "figure": FigureView, "text": TextView,
                    "overview": Overview, "live": LiveView,
                }[kind](self)  # fmt: skip
            self._pages[kind] = page
            self.stack.addWidget(page)
        return self._pages[kind]

    def _show(self, value: Any, digest: str) -> None:
        if isinstance(value, types.File):
            value = self.value = opened(value) or value
        kind = _kind(value)
        if not kind:
            kind, value = "table", contents(value)
        page: Any = self._page(kind)
        self.compare.setVisible(kind in ("image", "model"))
        if kind == "model":
            page.show_value(value, digest, self._title_of_shown())
            if isinstance(value, types.Cameras):
                self._find_photos(value)
            elif isinstance(value, types.Splats):
                self._find_cameras(digest)
        else:
            page.show_value(value)
        self.stack.setCurrentWidget(page)

    def _send(self, place: int) -> None:
        if self.value is not None:
            title = self._title_of_shown()
            if self.item.isVisibleTo(self):
                title += f" {self.item.value() + 1}"
            self.compare_wanted.emit(place, self.value, title)

    def eye_on(self, value: Any) -> Any:
        """The eye that looks at a value here; ``None`` where it is not shown in 3D."""
        page: Any = self._pages.get("model")
        shown = page is not None and self.stack.currentWidget() is page and self.value is value
        return page.viewport.eye if shown and page.viewport.box is not None else None

    def _offer_overlay(self) -> None:
        page: Any = self._pages.get("image")
        on = page is not None and page.overlaid and not isinstance(self.value, types.Mask)
        self.lay_over.setText(_("No mask over pictures") if on else _("Lay over pictures"))
        self.lay_over.setEnabled(on or isinstance(self.value, types.Mask))

    def _toggle_overlay(self) -> None:
        page: Any = self._page("image")
        page.set_overlay(self.value if isinstance(self.value, types.Mask) else None)

    # ---------------------------------------------------------------- cameras for splats, photos for cameras

    def _find_cameras(self, digest: str) -> None:
        """Ask for the cameras that the splats shown were made with: they are looked at from there."""
        assert self.tab is not None
        staged = self._staged and self._stage is not None
        found = cameras_of(self.tab, self._stage.source if staged and self._stage else self.node)
        self._seen_from = (digest, found)
        if found:
            self._bench.results.want(found)

    def _find_photos(self, cameras: types.Cameras) -> None:
        """Ask for the list of images that belongs to the cameras: of the node itself, else upstream of it."""
        assert self.tab is not None
        graph, seen, waiting = self.tab.document.document.group(""), set(), [self.node]
        while waiting:
            name = waiting.pop(0)
            if name in seen or name not in graph.nodes:
                continue
            seen.add(name)
            spec = self._bench.catalog.get(graph.nodes[name].type)
            outputs = self.tab.status(name).outputs
            for port, ref in zip(spec.outputs if spec is not None else (), outputs, strict=False):
                fits = isinstance(ref, tuple) and len(cameras) <= len(ref) <= _MOST_PHOTOS
                if fits and port.wire.base is types.Image:
                    for digest in reversed(ref):
                        if digest not in self._photo_asked:
                            self._photo_asked.add(digest)
                            self._bench.results.want(digest)
                    return
            waiting += [link.node for link in graph.nodes[name].links.values()]

    def _take_photo(self, digest: str, value: Any) -> None:
        import cv2
        import numpy as np

        self._photo_asked.discard(digest)
        if not isinstance(value, types.Image):
            return
        height = max(1, round(_THUMB * value.height / value.width))
        small = cv2.resize(np.ascontiguousarray(value.rgb()), (_THUMB, height), interpolation=cv2.INTER_AREA)
        small = small if small.dtype == np.uint8 else (np.clip(small, 0, 1) * 255).astype(np.uint8)
        known = next((held[1].shape for held in self._photos.values()), small.shape)
        if known != small.shape:
            small = cv2.resize(small, (known[1], known[0]))
        self._photos[value.name] = (digest, small)
        page: Any = self._pages.get("model")
        if page is not None and not self._photo_asked:
            page.set_thumbs({name: held[1] for name, held in self._photos.items()})
        if page is not None:
            page.set_photo(value.name, value)

    def _send_photo(self, name: str) -> None:
        if name in self._photos:
            digest = self._photos[name][0]
            self._photo_asked.add(digest)
            self._bench.results.want(digest)

    def leave(self) -> None:
        """The viewer is closed for good."""
        self._gathering.leave()
        self._bench.results.loaded.disconnect(self._loaded)
        self._bench.results.failed.disconnect(self._failed)
        page: Any = self._pages.get("model")
        if page is not None:
            page.close_view()


def _kind(value: Any) -> str:
    if is_spatial(value):
        return "model"
    if pixels_of(value) is not None:
        return "image"
    if isinstance(value, types.Table):
        return "table"
    if isinstance(value, types.Figure):
        return "figure"
    if isinstance(value, (types.Text, str, int, float, bool)):
        return "text"
    return ""
