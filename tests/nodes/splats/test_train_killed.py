"""A training whose process is killed goes on from its last checkpoint, with the same bits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from meshloom.graph_runtime.formats.cameras import write_cameras
from meshloom.graph_runtime.formats.image_writing import write_image
from meshloom.graph_runtime.formats.splats import read_splats

from ._scenes import balls, photographed, ring

BIN = Path(sys.executable).with_name("meshloom")
ITERATIONS = 600


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


def start(path: Path, cache: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [BIN, "run", path, "-o", out],
        env={**os.environ, "MESHLOOM_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def iterations(line: str) -> int | None:
    found = re.search(r"iteration ([\d,]+) of", line)
    return int(found[1].replace(",", "")) if found else None


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not to be had")
def test_killed_while_training_goes_on_from_the_last_checkpoint(tmp_path):
    path = workflow(tmp_path)
    half = ITERATIONS // 2
    killed = start(path, tmp_path / "cache", tmp_path / "out")
    assert killed.stdout is not None
    reached = 0
    with killed:
        for line in killed.stdout:
            reached = iterations(line) or reached
            if reached > half:
                killed.kill()
                break
        killed.stdout.read()
    assert half < reached < ITERATIONS and killed.returncode != 0
    assert not (tmp_path / "out" / "scene.ply").exists()
    again = start(path, tmp_path / "cache", tmp_path / "out")
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said
    seen = [count for count in map(iterations, said.splitlines()) if count is not None]
    assert not seen or min(seen) > half
    assert "training: 1 computed, 1 reused" in said
    fresh = start(path, tmp_path / "other", tmp_path / "whole")
    said, _ = fresh.communicate(timeout=120)
    assert "training: 2 computed, 0 reused" in said
    one, other = (read_splats(tmp_path / name / "scene.ply") for name in ("out", "whole"))
    assert (one.means == other.means).all() and (one.sh == other.sh).all()
