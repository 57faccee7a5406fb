"""The painter: coarse, then fine, always for the newest request, and gone when told to go."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import PointCloud, Splats
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.draw import Style
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.painter import _RUNGS, Painted, Painter, Wanted
from meshloom.ui.viewport.things import Thing

from .conftest import SIDES, box

STYLE = Style(shading="plain", grid=False, axes=False)
EYE = replace(Eye(), azimuth=0.0, elevation=0.0, distance=5.0)
SIZE = (160, 120)


@pytest.fixture
def painter(qtbot: QtBot) -> Iterator[Painter]:
    made = Painter()
    yield made
    made.close()


def wanted(*things: Thing, azimuth: float = 0.0, moving: bool = False) -> Wanted:
    return Wanted(things, replace(EYE, azimuth=azimuth).view(SIZE), STYLE, moving)


def finest(seen: list[Painted], want: Wanted) -> bool:
    """Whether the picture that is painted last, two samples a pixel, has come."""
    mine = [each for each in seen if each.wanted is want and each.view.size == SIZE]
    return len(mine) >= 2


def test_from_coarse_to_fine(qtbot: QtBot, painter: Painter) -> None:
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    want = wanted(Thing("a", "box", box()))
    painter.want(want)
    qtbot.waitUntil(lambda: finest(seen, want))
    assert [each.view.size for each in seen] == [(40, 30), SIZE, SIZE]
    for each in seen:
        assert (each.image.width(), each.image.height()) == each.view.size == each.depth.shape[::-1]
        middle = each.image.pixelColor(each.image.width() // 2, each.image.height() // 2)
        assert (middle.red(), middle.green(), middle.blue()) == tuple(int(part) for part in SIDES[4])
        assert each.box is not None and each.box[0] == pytest.approx([-0.5] * 3)
    assert seen[2].image != seen[1].image, "the last has smooth edges"


def test_what_is_quick_needs_no_coarse_picture(qtbot: QtBot, painter: Painter) -> None:
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    painter.want(wanted(Thing("a", "box", box())))
    qtbot.waitUntil(lambda: len(seen) == 3)
    painter._last_full = 0.001
    seen.clear()
    painter.want(wanted(Thing("a", "box", box())))
    qtbot.waitUntil(lambda: len(seen) >= 1)
    assert seen[0].view.size == SIZE


def test_the_latest_wins(qtbot: QtBot, painter: Painter) -> None:
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    thing = Thing("a", "box", box())
    asked = []
    for turn in range(60):
        asked.append(wanted(thing, azimuth=float(turn), moving=True))
        painter.want(asked[-1])
    qtbot.waitUntil(lambda: finest(seen, asked[-1]), timeout=10_000)
    order = [asked.index(each.wanted) for each in seen]
    assert order == sorted(order) and order[-1] == 59, "never back to an older one"
    assert len({*order}) < 40, "what was overtaken was not painted"
    count = len(seen)
    time.sleep(0.4)
    qtbot.wait(1)
    assert len(seen) == count, "and then it rests"


def test_a_request_while_painting_ends_that_painting(qtbot: QtBot, painter: Painter) -> None:
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    clouds = [
        Thing(str(n), "cloud", PointCloud(np.random.default_rng(n).random((20_000, 3), np.float32)))
        for n in range(8)
    ]
    slow = wanted(*clouds)
    painter.want(slow)
    qtbot.waitUntil(lambda: bool(seen), timeout=10_000)
    quick = wanted(Thing("a", "box", box()))
    painter.want(quick)
    qtbot.waitUntil(lambda: finest(seen, quick))
    assert not finest(seen, slow)


def test_getting_ready_is_told_once(qtbot: QtBot, painter: Painter) -> None:
    words: list[str] = []
    seen: list[Painted] = []
    painter.busy.connect(words.append)
    painter.painted.connect(seen.append)
    thing = Thing("a", "castle", box())
    for _ in range(2):
        want = wanted(thing)
        painter.want(want)
        qtbot.waitUntil(lambda want=want: finest(seen, want))
    assert words == ["Preparing castle…", ""]


def test_what_cannot_be_drawn_is_named_and_the_rest_is_drawn(qtbot: QtBot, painter: Painter) -> None:
    failed: list[tuple[str, str]] = []
    seen: list[Painted] = []
    painter.failed.connect(lambda title, why: failed.append((title, why)))
    painter.painted.connect(seen.append)
    broken = Thing("x", "broken", "no value at all")
    want = wanted(broken, Thing("a", "box", box()))
    painter.want(want)
    qtbot.waitUntil(lambda: finest(seen, want))
    assert [title for title, _why in failed] == ["broken"] and failed[0][1]
    assert not broken.visible and (seen[-1].depth > 0).any()
    again = wanted(broken, Thing("a", "box", box()))
    painter.want(again)
    qtbot.waitUntil(lambda: finest(seen, again))
    assert len(failed) == 1, "told once"


def test_hidden_things_are_neither_made_nor_drawn(qtbot: QtBot, painter: Painter) -> None:
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    thing = Thing("a", "box", box(), visible=False)
    want = wanted(thing)
    painter.want(want)
    qtbot.waitUntil(lambda: finest(seen, want))
    assert thing._made is None and seen[-1].box is None and not (seen[-1].depth > 0).any()


def test_it_goes_when_told_also_in_the_middle_of_work(qtbot: QtBot) -> None:
    painter = Painter()
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    things = [
        Thing(str(n), "cloud", PointCloud(np.random.default_rng(n).random((50_000, 3), np.float32)))
        for n in range(4)
    ]
    painter.want(wanted(*things))
    assert any(each.name == "viewport" for each in threading.enumerate())
    painter.close()
    assert not any(each.name == "viewport" for each in threading.enumerate())
    painter.want(wanted())
    assert not any(each.name == "viewport" for each in threading.enumerate()), "and does not come back"
    painter.close()


def test_there_is_no_thread_until_something_is_wanted(painter: Painter) -> None:
    assert not any(each.name == "viewport" for each in threading.enumerate())


def test_pictures_outlive_what_they_were_made_from(qtbot: QtBot, painter: Painter) -> None:
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    want = wanted(Thing("a", "box", box()))
    painter.want(want)
    qtbot.waitUntil(lambda: finest(seen, want))
    image, copy = seen[-1].image, QImage(seen[-1].image)
    for turn in range(3):
        other = wanted(Thing("b", "box", box(2.0)), azimuth=20.0 * turn)
        painter.want(other)
        qtbot.waitUntil(lambda other=other: finest(seen, other))
    assert image == copy


def test_moving_splats_wait_with_the_whole_picture_until_they_rest(qtbot: QtBot, painter: Painter) -> None:
    random = np.random.default_rng(0)
    splats = Splats(
        random.uniform(-1, 1, (3000, 3)).astype(np.float32),
        random.normal(size=(3000, 4)).astype(np.float32),
        np.full((3000, 3), 0.05, np.float32),
        np.full(3000, 0.8, np.float32),
        np.zeros((3000, 1, 3), np.float32),
    )
    seen: list[Painted] = []
    painter.painted.connect(seen.append, Qt.ConnectionType.DirectConnection)
    thing = Thing("a", "splats", splats)
    for count in range(6):
        last = wanted(thing, azimuth=3.0 * count, moving=True)
        painter.want(last)
        qtbot.waitUntil(lambda last=last: any(each.wanted is last for each in seen))
    assert {each.view.size for each in seen} <= {(160 // step, 120 // step) for step in range(2, 7)}
    qtbot.waitUntil(lambda: finest(seen, last))
    assert len([each for each in seen if each.view.size == SIZE]) == 2


def test_what_is_slow_becomes_coarser_and_is_tried_again_later(
    painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, asked, slow = [100.0], [], set(_RUNGS[:4])

    def show(_wanted: object, _made: object, view: View, *, moving: bool, whole: bool) -> None:
        asked.append((whole, SIZE[0] // view.size[0]))
        now[0] += 0.05 if asked[-1] in slow else 0.002

    monkeypatch.setattr("meshloom.ui.viewport.painter.time.perf_counter", lambda: now[0])
    monkeypatch.setattr("meshloom.ui.viewport.painter._REST", 0.0)
    monkeypatch.setattr(painter, "_show", show)
    splats = Splats(
        np.zeros((1, 3), np.float32), np.array([[1, 0, 0, 0]], np.float32), np.full((1, 3), 0.1, np.float32),
        np.ones(1, np.float32), np.zeros((1, 1, 3), np.float32),
    )  # fmt: skip
    soft = [Thing("a", "splats", splats).made()]

    def move(times: int) -> list[tuple[bool, int]]:
        asked.clear()
        for _ in range(times):
            painter._preview(wanted(moving=True), soft)
        return list(asked)

    twice = [rung for rung in _RUNGS[:4] for _ in range(2)]
    assert move(12) == [*twice, *[_RUNGS[4]] * 4], "what was too slow is not tried again at once"
    now[0] += 20
    assert move(3) == [_RUNGS[4], _RUNGS[3], _RUNGS[4]], "but later"
    slow.clear()
    now[0] += 20
    assert move(6)[-1] == _RUNGS[0]
    for late in (True, False, True, False, True):
        slow = {_RUNGS[0]} if late else set()
        assert move(1) == [_RUNGS[0]], "one late picture is none too many"


@pytest.mark.parametrize("shown_next", [True, False])
def test_splats_are_let_go_when_they_are_no_longer_shown(
    qtbot: QtBot, painter: Painter, shown_next: bool
) -> None:
    splats = Splats(
        np.zeros((1, 3), np.float32), np.eye(1, 4, dtype=np.float32), np.full((1, 3), 0.3, np.float32),
        np.full(1, 0.8, np.float32), np.zeros((1, 1, 3), np.float32),
    )  # fmt: skip
    seen: list[Painted] = []
    painter.painted.connect(seen.append)
    want = wanted(Thing("a", "splats", splats))
    painter.want(want)
    qtbot.waitUntil(lambda: finest(seen, want), timeout=30_000)
    made = weakref.ref(want.things[0]._made)
    assert made() is not None
    want = wanted(*([Thing("b", "box", box())] if shown_next else []))
    painter.want(want)
    qtbot.waitUntil(lambda: finest(seen, want))
    seen.clear()
    gc.collect()
    assert made() is None
