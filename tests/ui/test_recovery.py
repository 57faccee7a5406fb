"""Unsaved work survives the death of the window, and only that of dead windows is offered."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.edits import Add
from meshloom.graph_runtime.graph import NodeData
from meshloom.ui.document import OpenDocument
from meshloom.ui.recovery import Recovery, back_up, lost_work

#: Adds a node at a time and says how many are there, once each is safe.
WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.edits import Add
from meshloom.graph_runtime.graph import NodeData
from meshloom.ui.document import OpenDocument
from meshloom.ui.recovery import Recovery
application = QCoreApplication(sys.argv)
document = OpenDocument(find_nodes(packs=False))
recovery = Recovery(document)
for count in range(1, 100_000):
    document.do(Add(f"n{count}", NodeData("image.blur"), (0.0, count * 10.0)))
    recovery.flush()
    print(count, flush=True)
"""


def add(document: OpenDocument, name: str) -> None:
    assert document.do(Add(name, NodeData("image.blur"), (0.0, 0.0)))


def test_the_newest_step_is_on_disk_and_saving_removes_it(catalog: Catalog, tmp_path: Path) -> None:
    document = OpenDocument(catalog)
    recovery = Recovery(document, tmp_path / "recovery")
    for name in ("a", "b", "c"):
        add(document, name)
    recovery.flush()
    assert recovery.file.is_file()
    assert lost_work(tmp_path / "recovery") == []  # this window is alive
    left = recovery.file.rename(recovery.file.with_name("0-dead.json"))
    (lost,) = lost_work(tmp_path / "recovery")
    assert lost.graph == document.snapshot() and lost.path is None
    left.unlink()
    document.do(Add("d", NodeData("image.blur")))
    recovery.flush()
    document.save(tmp_path / "saved.json")
    assert not recovery.file.exists()
    recovery.close()


def test_a_recovery_folder_that_cannot_be_made_stops_nothing(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    document = OpenDocument(catalog)
    recovery = Recovery(document, tmp_path / "file" / "recovery")
    add(document, "a")
    recovery.flush()
    recovery.close()
    assert document.document.names() == ("a",)


def test_killed_at_random_moments_nothing_is_lost(tmp_path: Path) -> None:
    chance = random.Random(5)
    for turn in range(3):
        environment = {**os.environ, "MESHLOOM_DATA": str(tmp_path / str(turn))}
        window = subprocess.Popen(
            [sys.executable, "-c", WINDOW], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert window.stdout is not None
        window.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.15))
        window.send_signal(signal.SIGKILL)
        said = [int(line) for line in window.stdout.read().splitlines() if line.endswith(tuple("0123456789"))]
        window.wait()
        window.stdout.close()
        (lost,) = lost_work(tmp_path / str(turn) / "recovery")
        assert len(lost.graph.nodes) >= max(said, default=1)


def test_what_is_saved_over_is_kept_ten_times(tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    assert back_up(file, tmp_path / "backups") is None
    for version in range(13):
        file.write_text(str(version))
        assert back_up(file, tmp_path / "backups") == back_up(file, tmp_path / "backups")
    kept = sorted((tmp_path / "backups" / "graph").iterdir())
    assert [copy.read_text() for copy in kept] == [str(version) for version in range(3, 13)]
