"""The graphics card's pictures are those of the processor, and where there is none nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mesh, PointCloud
from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport import hardware
from meshloom.ui.viewport.draw import Style, bounds_of, draw, to_bytes
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.hardware import Hardware
from meshloom.ui.viewport.things import Points, SolidMesh, make

Made = list[SolidMesh | Points]


@pytest.fixture(scope="module")
def made() -> Made:
    """A painted sphere beside a block of points."""
    import open3d as o3d

    ball = o3d.geometry.TriangleMesh.create_sphere(1.0, 40)
    vertices = np.asarray(ball.vertices, np.float32)
    colours = ((vertices + 1) * 127).astype(np.uint8)
    faces = np.ascontiguousarray(ball.triangles, np.int32)
    block = np.random.default_rng(0).random((40_000, 3)).astype(np.float32) + np.float32([1.5, -0.5, -0.5])
    return [
        make(Mesh(vertices, faces, colours=colours)),
        make(PointCloud(block, np.full((40_000, 3), 200, np.uint8))),
    ]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hardware]:
    monkeypatch.setenv("MESHLOOM_VIEWPORT", "gpu")
    made = Hardware()
    yield made
    made.close()


def view_of(made: Made, size: tuple[int, int] = (320, 240)) -> View:
    box = bounds_of(made)
    assert box is not None
    return Eye().fitted(*box, size[0] / size[1]).view(size)


def awaited(card: Hardware, made: Made, view: View, style: Style) -> Frame:
    """Its first picture; skips where no context can be had at all."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        frame = card.frame(made, view, style)
        if frame is not None:
            return frame
        if card.refused:
            pytest.skip(f"Open3D cannot draw here: {card.refused}")
        time.sleep(0.02)
    raise AssertionError("the process that draws did not get ready in a minute")


def test_it_shows_what_the_processor_shows(card: Hardware, made: Made) -> None:
    view = view_of(made)
    awaited(card, made, view, Style())
    for shading in ("auto", "studio", "plain", "normals"):
        style = Style(shading=shading)
        drawn, cast = card.frame(made, view, style), draw(made, view, style)
        assert drawn is not None, card.refused
        both = (drawn.depth > 0) & (cast.depth > 0)
        assert both.sum() > 0.97 * (cast.depth > 0).sum()
        assert np.median(np.abs(drawn.depth - cast.depth)[both]) < 0.002
        ball = both & (cast.face >= 0)
        off = np.abs(drawn.colour - cast.colour)[ball]
        assert off.mean() < 0.02, (shading, off.mean())
        whole = draw(made, view, style, begun=drawn)
        assert to_bytes(whole, style).shape == (240, 320, 3)


def test_another_size_and_fewer_things(card: Hardware, made: Made) -> None:
    awaited(card, made, view_of(made), Style())
    small = view_of(made, (200, 160))
    drawn = awaited(card, made[:1], small, Style())
    assert drawn.depth.shape == (160, 200)
    cast = draw(made[:1], small, Style(grid=False, axes=False))
    assert ((drawn.depth > 0) == (cast.depth > 0)).mean() > 0.99


def test_a_process_that_dies_is_not_missed(card: Hardware, made: Made) -> None:
    view = view_of(made)
    awaited(card, made, view, Style())
    process, folder = card._process, card._folder
    assert process is not None and folder is not None and folder.is_dir()
    process.kill()
    process.wait()
    while not card.refused:
        assert card.frame(made, view, Style()) is None
    assert card.frame(made, view, Style()) is None and not folder.exists()


def test_what_it_cannot_draw_is_left_to_the_processor(card: Hardware, made: Made) -> None:
    view = view_of(made)
    lens = View(view.intrinsics, view.rotation, view.shift, view.size, np.array([0.1, 0, 0, 0]))
    aside = View(
        view.intrinsics + np.array([[0, 0, 9], [0, 0, 0], [0, 0, 0]]), view.rotation, view.shift, view.size
    )
    assert card.frame(made, lens, Style()) is None
    assert card.frame(made, aside, Style()) is None
    assert card.frame(made, view, Style(clip=(0, 0.5, True))) is None
    assert card.frame(made, view, Style(shading="material")) is None
    assert card._process is None, "nothing was started for what it cannot draw"


def test_a_driver_without_a_card_is_refused(monkeypatch: pytest.MonkeyPatch, made: Made) -> None:
    monkeypatch.setenv("MESHLOOM_VIEWPORT", "auto")
    card = Hardware()
    assert card.frame(made, view_of(made), Style()) is None and card._process is None, (
        "too small to be worth it"
    )
    card.close()
    for answer in (
        {"id": 1, "renderer": "llvmpipe (LLVM 15)", "vendor": "Mesa", "seconds": 0.001},
        {"id": 1, "renderer": "Some Card", "vendor": "Maker", "seconds": 3.0},
        {"id": 1, "error": "RuntimeError: no window for drawing could be opened"},
    ):
        with pytest.raises(OSError, match=r"no graphics card|no window"):
            Hardware()._take(answer)
    card = Hardware()
    card._take({"id": 1, "renderer": "Some Card", "vendor": "Maker", "seconds": 0.004})
    assert card.renderer == "Maker Some Card"


def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch, made: Made) -> None:
    monkeypatch.setenv("MESHLOOM_VIEWPORT", "cpu")
    monkeypatch.setattr(hardware, "_WORTH", 0)
    card = Hardware()
    assert card.frame(made, view_of(made), Style()) is None and card._process is None


def test_nothing_is_left_behind(card: Hardware, made: Made) -> None:
    awaited(card, made, view_of(made), Style())
    process, folder = card._process, card._folder
    card.close()
    assert process is not None and process.poll() is not None
    assert folder is not None and not Path(folder).exists()
    if Path("/proc").is_dir():
        assert not Path(f"/proc/{process.pid}/cmdline").exists()
