"""The canvas at size: process CPU time a frame, in ms, offscreen at 1600x1000; NodeGraphQt beside it if installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.ui import theme
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.document import OpenDocument

from .conftest import Figures

ZOOMS = (1.0, 0.6, 0.4, 0.29, 0.1, 0.03)


def images(count: int) -> GraphData:
    """Nodes with two image inputs and five fields, two links each, in columns of fifty."""
    nodes, view = {}, {}
    for index in range(count):
        column, row = divmod(index, 50)
        links = {}
        if column:
            above = (column - 1) * 50
            links = {
                "base": Link(f"n{above + row}", "image"),
                "over": Link(f"n{above + (row * 7 + 3) % 50}", "image"),
            }
        nodes[f"n{index}"] = NodeData("image.blend", {}, links)
        view[f"n{index}"] = (column * 300.0, row * 260.0)
    return GraphData(nodes, {}, view)


def median(work: Callable[[int], None], runs: int = 15) -> float:
    times = []
    for index in range(runs):
        begun = time.process_time()
        work(index)
        times.append((time.process_time() - begun) * 1e3)
    return sorted(times)[runs // 2]


@pytest.fixture(scope="module")
def application() -> QApplication:
    held = QApplication.instance() or QApplication([])
    assert isinstance(held, QApplication)
    theme.use("dark", held)
    return held


def _view(application: QApplication, count: int) -> tuple[CanvasView, float]:
    catalog = find_nodes(packs=False)
    graph = images(count)
    catalog["image.blend"]
    begun = time.process_time()
    view = CanvasView(OpenDocument(catalog, graph))
    view.resize(1600, 1000)
    view.show()
    application.processEvents()
    return view, (time.process_time() - begun) * 1e3


def bench_canvas(application: QApplication, figures: Figures) -> None:
    view, opened = _view(application, 1000)
    figures.add("canvas: 1,000 nodes open", opened, 600)
    view.close()
    view, opened = _view(application, 5000)
    figures.add("canvas: 5,000 nodes and 10,000 links open", opened, 2500)

    def repaint(index: int) -> None:
        view.viewport().repaint()

    def pan(index: int) -> None:
        view.pan(QPointF(7 if index % 2 else -7, 3))
        view.viewport().repaint()

    def zoom(index: int) -> None:
        view.zoom_at(1.03 if index % 2 else 1 / 1.03, QPointF(800, 500))
        view.viewport().repaint()

    for scale in ZOOMS:
        view.zoom_at(scale / view.zoom, QPointF(800, 500))
        for _ in range(60):  # pictures of nodes are painted over several frames
            view.viewport().repaint()
            if not view.pictures.late:
                break
        for what, work in (("repaint", repaint), ("pan", pan), ("zoom", zoom)):
            figures.add(f"canvas: 5,000 nodes at {scale:g}: {what}", median(work), 16)
    for scale in (1.0, 0.1):
        for count in (1, 500):
            view.zoom_at(scale / view.zoom, QPointF(800, 500))
            names = list(view.model.shapes)[2000 : 2000 + count]
            view.model.loosen(names)

            def drag(index: int) -> None:
                view.model.shift(3.0 if index % 2 else -3.0, 1.0)
                view.viewport().repaint()

            drag(0)
            figures.add(f"canvas: 5,000 nodes at {scale:g}: drag {count}", median(drag), 16)
            view.model.loosen(())
    view.close()


def bench_beside_nodegraphqt(application: QApplication, figures: Figures) -> None:
    """The same 300 nodes and 500 links in both, each as it opens: all in view, natural size."""
    peer = Path(__file__).parent / "_nodegraphqt.py"
    ran = subprocess.run([sys.executable, str(peer), "300"], capture_output=True, text=True, timeout=300)
    if ran.returncode:
        pytest.skip("NodeGraphQt is not installed: pip install NodeGraphQt==0.6.44 Qt.py setuptools")
    theirs = json.loads(ran.stdout.splitlines()[-1])
    view, opened = _view(application, 300)
    view.show_at(QPointF(300, 400), 1.0)
    for _ in range(60):
        view.viewport().repaint()

    def pan(index: int) -> None:
        view.pan(QPointF(7 if index % 2 else -7, 0))
        view.viewport().repaint()

    figures.add("canvas: 300 nodes open (floor: NodeGraphQt)", opened, floor=theirs["open"])
    ours = median(lambda index: view.viewport().repaint())
    figures.add("canvas: 300 nodes, repaint (floor: NodeGraphQt)", ours, floor=theirs["repaint"])
    figures.add("canvas: 300 nodes, pan (floor: NodeGraphQt)", median(pan), floor=theirs["pan"])
    view.close()
