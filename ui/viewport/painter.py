"""Draws on a thread of its own: a coarse picture at once, then finer ones, and only ever for the newest request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.draw import Overtaken, Style, bounds_of, draw, to_bytes
from meshloom.ui.viewport.hardware import Hardware
from meshloom.ui.viewport.soft import Soft
from meshloom.ui.viewport.things import Bounds, Thing
from meshloom.ui.words import _

#: A whole picture that took less than this (seconds) needs no coarse one before it.
_QUICK = 0.025
#: What moves and was drawn by hardware is drawn again, by the processor, after this long without a newer request.
_REST = 0.12
#: Splats that move are drawn as the first of these that is as quick as _FLUID (seconds): Gaussians of one colour
#: from all sides, or points, with one pixel for so many across.
_FLUID = 0.018
_RUNGS = ((True, 2), (True, 3), (True, 4), (False, 2), (False, 3), (False, 4), (False, 6))
#: The first of points; where more splats begin.
_POINTS, _MANY = 3, 150_000
#: A rung is left when so many pictures in a row were late: one may be, when others want the processor.
_LATE = 2
#: Coarser points than the first are for what takes twice as long: little can be recognised in them.
_LAST_LIMIT = 2 * _FLUID
#: What was too slow is tried again after this long (seconds).
_AGAIN = 4.0
#: Other things that move: one pixel for so many across.
_COARSE = 4
#: The finest picture is begun after this long without a newer request (seconds).
_PATIENCE = 0.25


@dataclass(frozen=True, eq=False)
class Wanted:
    """A picture: ``things`` seen by ``view`` (of the size in device pixels). ``moving``: another comes soon."""

    things: tuple[Thing, ...]
    view: View
    style: Style
    moving: bool = False
    thumbs: dict[str, NDArray[np.uint8]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Painted:
    """A picture, and what its pixels are: ``depth`` and ``face`` as in :class:`Frame`, of ``view``'s size.

    ``box`` is around all that is shown, ``core`` around what is to be looked at first.
    """

    wanted: Wanted
    image: QImage
    view: View
    depth: NDArray[np.float32]
    face: NDArray[np.int32]
    box: Bounds | None
    core: Bounds | None


class Painter(QObject):
    """Answers :meth:`want` with :attr:`painted`, from coarse to fine."""

    painted = Signal(object)
    #: Things are being made ready (words), or no longer (empty).
    busy = Signal(str)
    #: A thing cannot be drawn: its title and why.
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wake = threading.Condition()
        self._next: Wanted | None = None
        self._closed = False
        self._thread: threading.Thread | None = None
        self._last_full = 1.0
        #: The rung that moving splats are drawn on, and when finer ones were too slow.
        self._rung = 0
        self._late = 0
        self._slow: dict[int, float] = {}
        self._climbed: list[Any] = []
        self.hardware = Hardware()

    def want(self, wanted: Wanted) -> None:
        """Draw this as soon as may be; what is asked for later takes its place."""
        with self._wake:
            if self._closed:
                return
            self._next = wanted
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="viewport", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def close(self) -> None:
        """Stop drawing."""
        with self._wake:
            self._closed = True
            self._next = None
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None
        self.hardware.close()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._next is not None or self._closed)
                if self._closed or self._next is None:
                    return
                wanted, self._next = self._next, None
            try:
                self._paint(wanted)
            except Overtaken:
                continue
            except MemoryError:
                self._say_failed(_("the picture"), _("there is not enough memory to draw it"))
            except Exception as error:  # a value nobody foresaw must not end all drawing
                self._say_failed(_("the picture"), str(error) or type(error).__name__)

    def _between(self) -> None:
        if self._next is not None or self._closed:
            raise Overtaken

    def _going(self) -> None:
        """What moves is shown even if something newer is wanted, or nothing would be while the hand is quick."""
        if self._closed:
            raise Overtaken

    def _made(self, wanted: Wanted) -> list[Any]:
        made, told = [], False
        for thing in wanted.things:
            if not thing.visible:
                continue
            if thing._made is None and not told:
                told = True
                self._tell(_("Preparing {title}…").format(title=thing.title))
            try:
                made.append(thing.made())
            except Exception as error:
                thing.visible = False
                self._say_failed(thing.title, str(error) or type(error).__name__)
        if told:
            self._tell("")
        return made

    def _paint(self, wanted: Wanted) -> None:
        made = self._made(wanted)
        if any(each not in made for each in self._climbed):
            self._climbed = []  # splats that are no longer shown are not kept: they can be large
        self._between()
        if self._last_full > _QUICK and self._preview(wanted, made):
            return
        begun = time.perf_counter()
        self._show(wanted, made, wanted.view, moving=False)
        self._last_full = time.perf_counter() - begun
        with self._wake:
            if self._wake.wait_for(lambda: self._next is not None or self._closed, _PATIENCE):
                return
        self._show(wanted, made, wanted.view, moving=False, samples=2)

    def _preview(self, wanted: Wanted, made: list[Any]) -> bool:
        """Something to see at once; whether a newer request has come while it was looked at."""
        drawn = self.hardware.frame(made, wanted.view, wanted.style)
        if drawn is not None:
            self._show(wanted, made, wanted.view, moving=True, begun=drawn)
            if wanted.moving:
                with self._wake:
                    return self._wake.wait_for(lambda: self._next is not None or self._closed, _REST)
            return False
        splats = [each for each in made if isinstance(each, Soft)]
        if not splats:
            self._show(wanted, made, coarser(wanted.view, _COARSE), moving=True)
            if not wanted.moving:
                self._between()
            return False
        if self._climbed != splats:
            self._climbed, self._slow = splats, {}
            self._rung = _POINTS if sum(len(each.splats) for each in splats) > _MANY else 0
        begun = time.perf_counter()
        whole, step = _RUNGS[self._rung]
        self._show(wanted, made, coarser(wanted.view, step), moving=True, whole=whole)
        if not wanted.moving:
            self._between()
            return False
        now = time.perf_counter()
        if now - begun > (_FLUID if self._rung < _POINTS else _LAST_LIMIT):
            self._late += 1
        else:
            self._late = 0
            self._slow.pop(self._rung, None)
        if self._late >= (1 if self._rung in self._slow else _LATE):
            self._slow[self._rung], self._late = now, 0
            self._rung = min(self._rung + 1, len(_RUNGS) - 1)
        # The Gaussians at full size are drawn when the eye rests: what moves would wait for them.
        with self._wake:
            if self._wake.wait_for(lambda: self._next is not None or self._closed, _REST):
                return True
        finer = self._rung - 1
        if finer >= 0 and (finer not in self._slow or now - self._slow[finer] > _AGAIN):
            self._rung = finer
        return False

    def _show(
        self,
        wanted: Wanted,
        made: list[Any],
        view: View,
        moving: bool,
        samples: int = 1,
        begun: Frame | None = None,
        whole: bool = False,
    ) -> None:
        frame: Frame = draw(
            made,
            view,
            wanted.style,
            moving=moving,
            samples=samples,
            thumbs=wanted.thumbs,
            between=self._going if moving else self._between,
            begun=begun,
            whole=whole,
        )
        self._emit(
            Painted(
                wanted,
                picture(frame, wanted.style),
                view,
                frame.depth,
                frame.face,
                bounds_of(made),
                bounds_of(made, core=True),
            )
        )

    def _emit(self, painted: Painted) -> None:
        if not self._closed:
            self.painted.emit(painted)

    def _tell(self, words: str) -> None:
        if not self._closed:
            self.busy.emit(words)

    def _say_failed(self, title: str, why: str) -> None:
        if not self._closed:
            self.failed.emit(title, why)


def coarser(view: View, step: int) -> View:
    """The same camera with one pixel for ``step`` across."""
    return view.resized(max(view.size[0] // step, 1), max(view.size[1] // step, 1))


def picture(frame: Frame, style: Style) -> QImage:
    """A frame for the screen."""
    pixels = to_bytes(frame, style)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
