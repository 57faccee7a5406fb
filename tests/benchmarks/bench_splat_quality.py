"""The preset `photos_to_splats` from an empty cache: time, and what photos look like that nothing of it has seen.

Takes minutes, so only with ``MESHLOOM_BENCH_QUALITY=1``. The sample is trained on its 24 photos and compared with the
3 that lie beside them, from places in between, whose cameras are known: the true cameras laid on those found by a
similarity. Of ``MESHLOOM_PHOTOS``, the folder `sceaux_castle` (11 photographs of openMVG's ImageDataset_SceauxCastle)
or the one it lies in, one of every six photos gets a camera and is left out of all that follows.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.formats.cameras import write_cameras
from meshloom.graph_runtime.preset import read_workflow, resolve

from ._sample import PRESETS, SAMPLE, as_cameras, true_cameras
from ._scoring import position_errors
from .bench_splatting import Rows

pytestmark = [
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        os.environ.get("MESHLOOM_BENCH_QUALITY", "") in ("", "0"), reason="MESHLOOM_BENCH_QUALITY is not set"
    ),
]
SIDES = {"preview": 256, "standard": 500}


@pytest.fixture(scope="module")
def rows() -> Iterator[Rows]:
    held = Rows()
    yield held
    print(f"\n{'photos to splats':<70}{'got':>10} {'':<4}{'target':>10}")
    print("\n".join(held.lines))


class Workflow:
    """The preset, to be changed and run. ``cache``: a folder for its results and its changed file."""

    def __init__(self, cache: Path, photos: Path, effort: str) -> None:
        self.cache = cache
        self.data = json.loads((PRESETS / "photos_to_splats.json").read_text(encoding="utf-8"))
        self.nodes: dict[str, Any] = self.data["nodes"]
        self.nodes["photos"]["with"]["folder"] = str(photos)
        self.nodes["scene"]["with"] = {"effort": effort, "hold_out": 0}
        self.catalog = find_nodes(packs=False)
        self.engine = Engine(self.catalog, open_cache(cache), workers=2)

    def measure_on(self, side: int, photos: str, cameras: str) -> None:
        """Compare the scene with ``photos`` (a node's output) of ``cameras``."""
        self.nodes["held_photos"] = {
            "type": "reconstruct.undistort",
            "from": {"images": photos, "cameras": cameras},
        }
        self.nodes["score"] = {
            "type": "splats.evaluate",
            "with": {"max_side": side},
            "from": {
                "splats": "scene.splats",
                "images": "held_photos.images",
                "cameras": "held_photos.cameras",
            },
        }

    def run(self, node: str) -> tuple[list[Any], dict[str, float]]:
        """The outputs of a node, and the seconds that each node took."""
        file = self.cache / "changed.json"
        file.write_text(json.dumps(self.data), encoding="utf-8")
        plan = self.engine.plan(resolve(read_workflow(file), self.catalog), [node], file.parent)
        outcome = self.engine.run(plan)
        assert outcome.status == "done", outcome.failed
        took = {name: event.seconds for name, event in outcome.done.items()}
        return [self.engine.value(one) for one in outcome.outputs[node]], took


def report(rows: Rows, what: str, flow: Workflow, seconds: float) -> None:
    """Train, measure, and say so. ``seconds``: what it may take."""
    begun, spent = time.perf_counter(), time.process_time()
    (scene, *_), took = flow.run("scene")
    wall, cpu = time.perf_counter() - begun, time.process_time() - spent
    load = os.getloadavg()[0]
    rows.add(f"{what}: photos to scene (load of the machine: {load:.1f})", wall, f"<= {seconds:g}", "s")
    rows.add(f"{what}: of that, training", took["scene"], unit="s")
    rows.add(f"{what}: photos to scene, CPU time", cpu, unit="s")
    rows.add(f"{what}: splats", len(scene))


def say(rows: Rows, what: str, table: Any, decibels: float) -> None:
    mean = table.rows[-1]
    rows.add(f"{what}: PSNR of photos held out, as they are, mean", mean[1], f">= {decibels:g}", "dB")
    rows.add(f"{what}: PSNR, exposure evened, mean", mean[2], unit="dB")
    rows.add(f"{what}: SSIM, mean", mean[3])


@pytest.mark.parametrize(("effort", "seconds", "decibels"), [("preview", 150, 24), ("standard", 900, 27)])
def bench_sample(rows: Rows, tmp_path: Path, effort: str, seconds: float, decibels: float) -> None:
    flow = Workflow(tmp_path, SAMPLE / "photos", effort)
    report(rows, f"sample, {effort}", flow, seconds)
    photos = true_cameras()
    (found, *_), _ = flow.run("cameras")
    _, to_truth = position_errors(found, as_cameras([photo for photo in photos if not photo["held_out"]]))
    held = to_truth.inverse().cameras(as_cameras([photo for photo in photos if photo["held_out"]]))
    for name, data in write_cameras(held, "json").items():
        (tmp_path / name).write_bytes(data)
        flow.nodes["known"] = {"type": "cameras.load", "with": {"file": str(tmp_path / name)}}
    flow.nodes["beside"] = {"type": "photo.load_folder", "with": {"folder": str(SAMPLE / "heldout")}}
    flow.measure_on(SIDES[effort], "beside.images", "known.cameras")
    (table, *_), _ = flow.run("score")
    say(rows, f"sample, {effort}", table, decibels)
    flow.engine.cache.close()


def bench_castle(rows: Rows, tmp_path: Path) -> None:
    said = os.environ.get("MESHLOOM_PHOTOS", "")
    folder = next(
        (path for path in (Path(said) / "sceaux_castle", Path(said)) if any(path.glob("*.JPG"))), None
    )
    if not said or folder is None:
        pytest.skip("MESHLOOM_PHOTOS names no folder with the photographs")
    flow = Workflow(tmp_path, folder, "standard")
    flow.nodes["kept"] = {
        "type": "cameras.split",
        "with": {"every": 6},
        "from": {"cameras": "cameras.cameras", "points": "cameras.points"},
    }
    flow.nodes["straight"]["from"]["cameras"] = "kept.cameras"
    flow.nodes["depth"]["from"]["points"] = "kept.points"
    flow.nodes["scene"]["with"]["exposure"] = False
    flow.measure_on(SIDES["standard"], "photos.images", "kept.held_out")
    report(rows, "castle, standard", flow, 1200)
    (table, *_), _ = flow.run("score")
    say(rows, "castle, standard", table, 20)
    flow.engine.cache.close()
