"""The window as a process: how soon it can be used, what it costs at rest, how a run lets it live; offscreen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import dump

from .conftest import SAMPLE_NODES, Figures, layered

CHILD = Path(__file__).with_name("_window_child.py")
MESHLOOM = Path(sys.executable).with_name("meshloom")
PHOTOS = Path(__file__).parents[2] / "presets" / "photos_to_model.json"

#: What a window that nobody has worked in has no use for.
HEAVY = {
    "torch",
    "open3d",
    "diffusers",
    "transformers",
    "cv2",
    "numba",
    "scipy",
    "skimage",
    "pycolmap",
    "trimesh",
}

BARE = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication([])
window = QMainWindow()
window.resize(1600, 1000)
window.show()
QTimer.singleShot(0, lambda: (print("started", flush=True), window.close()))
application.exec()
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Folders of its own, kept bytecode as any installation has it, no settings of whoever measures."""
    held = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for name in ("CACHE", "CONFIG", "DATA"):
        held[f"MESHLOOM_{name}"] = str(tmp_path / name.lower())
    return held | {
        "QT_QPA_PLATFORM": "offscreen",
        "QT_LOGGING_RULES": "*=false",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"),
        "MESHLOOM_NODES": str(SAMPLE_NODES),
    }


def until_started(command: list[str | Path], environment: dict[str, str]) -> tuple[float, float]:
    """Milliseconds from starting a process until it says so, and of CPU that it took until it was closed."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env={**environment, "MESHLOOM_STARTED": "1"}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "started\n"
        took = (time.perf_counter() - begun) * 1e3
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return took, (usage.ru_utime + usage.ru_stime) * 1e3


def bench_start(environment: dict[str, str], figures: Figures) -> None:
    bare: list[str | Path] = [sys.executable, "-c", BARE]
    for command in ([MESHLOOM], bare):  # files into memory, bytecode onto disk
        until_started(command, environment)
    walls, works, bare_walls, bare_works = [], [], [], []
    for _ in range(7):
        for found, command in (((walls, works), [MESHLOOM]), ((bare_walls, bare_works), bare)):
            wall, work = until_started(command, environment)
            found[0].append(wall)
            found[1].append(work)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    figures.add(f"window: start to usable, warm ({load})", sorted(walls)[3], 2000, sorted(bare_walls)[3])
    figures.add("window: start to usable, the quickest of 7", min(walls), 2000, min(bare_walls))
    figures.add("window: start and close, CPU", sorted(works)[3], floor=sorted(bare_works)[3])
    told = talk(["start"], environment)
    assert HEAVY & set(told["loaded"]) == set()


def talk(words: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """What somebody in the window told in the end."""
    run = subprocess.run(
        [sys.executable, CHILD, *words], env=environment, stdout=subprocess.PIPE, text=True, timeout=240
    )
    assert run.returncode == 0
    return dict(json.loads(run.stdout.splitlines()[-1]))


@pytest.fixture
def resting(environment: dict[str, str]) -> Iterator[tuple[psutil.Process, psutil.Process]]:
    """The processes of a window, and of its engine, with the main template open and nothing to do."""
    command = [sys.executable, CHILD, "idle", PHOTOS]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        engine = json.loads(process.stdout.readline())["ready"]
        yield psutil.Process(process.pid), psutil.Process(engine)
        process.communicate("leave\n")
    assert process.returncode == 0


def bench_rest(resting: tuple[psutil.Process, psutil.Process], figures: Figures) -> None:
    def spent(process: psutil.Process) -> float:
        times = process.cpu_times()
        return times.user + times.system

    before = [spent(process) for process in resting]
    begun = time.perf_counter()
    time.sleep(10)
    took = time.perf_counter() - begun
    shares = [(spent(process) - was) / took * 100 for process, was in zip(resting, before, strict=True)]
    figures.add("window at rest: CPU, window and engine (%)", sum(shares), 1)
    figures.add("window at rest: CPU, window alone (%)", shares[0])
    figures.add("window at rest: memory of the window (MB)", resting[0].memory_info().rss / 1e6)
    figures.add("window at rest: memory of the engine (MB)", resting[1].memory_info().rss / 1e6)


def workflow(folder: Path, graph: GraphData) -> Path:
    file = folder / "busy.json"
    file.write_text(dump(graph))
    return file


@pytest.mark.parametrize(
    ("what", "graph", "seconds"),
    [
        ("1,000 quick nodes", layered(1000), 60),
        ("3,000 quick nodes", layered(3000), 60),
        ("photos_to_model", None, 20),
    ],
    ids=["1000", "3000", "photos"],
)
def bench_run(
    environment: dict[str, str],
    tmp_path: Path,
    figures: Figures,
    what: str,
    graph: GraphData | None,
    seconds: int,
) -> None:
    file = PHOTOS if graph is None else workflow(tmp_path, graph)
    told = talk(["run", str(file), str(seconds)], environment)
    assert told["state"] == ("cancelled" if graph is None else "done"), told
    assert told["ticks"] > 10
    figures.add(f"run of {what}: lateness of a 10 ms timer, p95 (ms)", told["p95"], 50)
    figures.add(f"run of {what}: lateness of a 10 ms timer, worst (ms)", told["worst"])
    figures.add(f"run of {what}: longest work of the window (CPU ms)", told["work"], 50)
    if told["cancel"] is not None:
        figures.add(f"run of {what}: Stop until it has stopped (ms)", told["cancel"], 500)
