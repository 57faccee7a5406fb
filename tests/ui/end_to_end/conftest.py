"""A screen of its own (Xvfb), Meshloom on it, and somebody with a mouse and a keyboard (xdotool)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

#: ``MESHLOOM_PROGRAM=dist/meshloom/meshloom``: to try a bundle.
MESHLOOM = Path(os.environ.get("MESHLOOM_PROGRAM") or Path(sys.executable).with_name("meshloom")).absolute()
SAMPLE_NODES = Path(__file__).parents[2] / "graph_runtime" / "sample_nodes"
NEEDED = ("Xvfb", "xdotool")
WIDTH, HEIGHT = 1600, 1000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    absent = [name for name in NEEDED if shutil.which(name) is None]
    for item in items if absent else ():
        if Path(__file__).parent in item.path.parents:
            words = f"a real screen is tried only where these are installed: {', '.join(absent)}"
            item.add_marker(pytest.mark.skip(reason=words))


def until(holds: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Wait for something to be so; gives it back."""
    ends = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < ends, what
        time.sleep(0.05)
    return found


@dataclass
class Desk:
    """What a user has before them. All that is known of Meshloom is what the screen and its files show."""

    environment: dict[str, str]
    data: Path
    begun: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """``meshloom`` with these words, until its window can be seen and has the keyboard."""
        process = subprocess.Popen(
            [MESHLOOM, *words], env=self.environment, stderr=subprocess.PIPE, text=True
        )
        self.begun.append(process)

        def window() -> str:
            assert process.poll() is None, process.communicate()[1]
            return self.windows("Meshloom")[-1:][0] if self.windows("Meshloom") else ""

        # There is no window manager to give it the keyboard.
        self.hand("windowfocus", until(window, "no window came up"))
        return process

    def hand(self, *words: str | int) -> str:
        """What xdotool does and says."""
        command = ["xdotool", *map(str, words)]
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=20)
        return run.stdout.strip()

    def windows(self, name: str) -> list[str]:
        return self.hand("search", "--onlyvisible", "--name", name).split()

    @property
    def titles(self) -> list[str]:
        return [self.hand("getwindowname", window) for window in self.windows(".+")]

    def shown(self) -> int:
        """How many windows can be seen, menus, lists and questions among them."""
        return len(self.windows(".*"))

    def add_node(self, title: str, type_: str) -> str:
        """Add a node as one does without looking, and give back what it is called in the graph."""
        shown = self.shown()
        self.key("Tab")
        until(lambda: self.shown() > shown, "Tab opened no palette")
        self.hand("type", title)
        self.key("Return")
        until(lambda: self.shown() == shown, "Enter did not close the palette")

        def added() -> str:
            nodes = self.kept().get("nodes", {})
            return next((name for name in nodes if nodes[name]["type"] == type_), "")

        return str(until(added, f"{title} did not come into the graph"))

    def key(self, *keys: str) -> None:
        self.hand("key", "--clearmodifiers", *keys)

    def drag(self, start: tuple[int, int], by: tuple[int, int], steps: int = 6) -> None:
        self.hand("mousemove", *start, "mousedown", 1)
        for step in range(1, steps + 1):
            place = [round(start[k] + by[k] * step / steps) for k in (0, 1)]
            self.hand("mousemove", "--sync", *place)
        self.hand("mouseup", 1)

    def kept(self) -> dict[str, Any]:
        """The graph in front as the window keeps it against crashes; empty when there is nothing to lose."""
        for file in (self.data / "recovery").glob("*.json"):
            return dict(json.loads(file.read_text(encoding="utf-8").partition("\n")[2]))
        return {}

    def runs(self) -> list[dict[str, Any]]:
        """The runs that ended, oldest first."""
        return [json.loads(file.read_text("utf-8")) for file in sorted(self.data.glob("history/run-*.json"))]


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """The name of a display that is there for these tests only."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait(10)


@pytest.fixture
def desk(screen: str, tmp_path: Path) -> Iterator[Desk]:
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    (config / "settings.json").write_text('{"language": "en", "theme": "dark"}')
    environment = {
        **os.environ,
        "DISPLAY": screen,
        "QT_QPA_PLATFORM": "xcb",
        "MESHLOOM_NODES": str(SAMPLE_NODES),
        "MESHLOOM_DEVICE": "cpu",
        "HOME": str(tmp_path),
    }
    made = Desk(environment, tmp_path / "data")
    made.hand("mousemove", WIDTH // 3, HEIGHT // 2)
    yield made
    for process in made.begun:
        process.kill()
        process.communicate()
