"""A training whose process is killed goes on from its last checkpoint, with the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from meshloom.graph_runtime.formats.cameras import write_cameras
from meshloom.graph_runtime.formats.image_writing import write_image
from meshloom.graph_runtime.formats.splats import read_splats

from ._scenes import balls, photographed, ring

BIN = Path(sys.executable).with_name("meshloom")
ITERATIONS = 300


def workflow(folder: Path) -> Path:
    cameras = ring()
    (folder / "photos").mkdir()
    for image in photographed(balls(), cameras):
        (folder / "photos" / image.name).write_bytes(write_image(image, "png"))
    for name, data in write_cameras(cameras, "json").items():
        (folder / name).write_bytes(data)
        cameras_file = name
    settings = {"iterations": ITERATIONS, "max_side": 64, "splats": 200, "sh_degree": 0, "hold_out": 5}
    nodes = {
        "photos": {"type": "photo.load_folder", "with": {"folder": "photos"}},
        "cameras": {"type": "cameras.load", "with": {"file": cameras_file}},
        "scene": {
            "type": "splats.train",
            "with": settings,
            "from": {"images": "photos.images", "cameras": "cameras.cameras"},
        },
        "file": {"type": "splats.save", "with": {"name": "scene"}, "from": {"splats": "scene.splats"}},
    }
    path = folder / "training.json"
    path.write_text(json.dumps({"meshloom": 1, "nodes": nodes}))
    return path


#: The command line in a process that is killed in the middle of an iteration.
DYING = """
import os, signal, sys
from meshloom.kernels.splatting.training import Training
step, last = Training.step, int(sys.argv[1])
def dying(self):
    if self.count >= last:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self)
Training.step = dying
from meshloom.app import main
sys.argv = ["meshloom", *sys.argv[2:]]
main()
"""


def run(path: Path, cache: Path, out: Path, *dying: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DYING, *dying] if dying else [str(BIN)]
    return subprocess.run(
        [*command, "run", str(path), "-o", str(out)],
        env={**os.environ, "MESHLOOM_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not to be had")
def test_killed_while_training_goes_on_from_the_last_checkpoint(tmp_path):
    path = workflow(tmp_path)
    killed = run(path, tmp_path / "cache", tmp_path / "out", str(ITERATIONS // 2 + 40))
    assert killed.returncode == -signal.SIGKILL, killed.stdout
    assert not (tmp_path / "out" / "scene.ply").exists()
    again = run(path, tmp_path / "cache", tmp_path / "out")
    assert again.returncode == 0 and "training: 4 computed, 6 reused" in again.stdout, again.stdout
    fresh = run(path, tmp_path / "other", tmp_path / "whole")
    assert fresh.returncode == 0 and "training: 10 computed, 0 reused" in fresh.stdout, fresh.stdout
    one, other = (read_splats(tmp_path / name / "scene.ply") for name in ("out", "whole"))
    assert (one.means == other.means).all() and (one.sh == other.sh).all()
