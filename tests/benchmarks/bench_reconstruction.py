"""Photographs to a textured model, measured: against the sample's ground truth, and in time and memory.

Runs the preset `photos_to_model` as a user does, each run a process of its own. The first one starts from an
empty cache; ``MESHLOOM_BENCH_WARM=1`` takes the user's cache instead, which is quick while trying things out
and leaves out what only a cold run can tell. ``MESHLOOM_PHOTOS``: the folder `sceaux_castle` (11 photographs
of openMVG's ImageDataset_SceauxCastle), or the one it lies in; without it that part is skipped.

What is measured on the sample: all errors after the cameras found have been laid on the true ones by a similarity
(Umeyama), for photographs tell no scale.

- positions: distance of each camera from its true place, over the diagonal of owl and table.
- F-score: 200,000 points on either surface; within 1 % of the owl's diagonal counts as hit. Of the mesh those points
  count that lie in the owl's upright cylinder, made wider and higher by two thresholds, so that table and room do
  not count but a swollen owl does; of the truth (what at least two photos see) all.
- PSNR: the textured mesh seen through the true cameras of the held-out photos, lens distortion included, against
  those photos as they are, on the pixels that show the owl; where the mesh has a hole, black is compared. "as it
  is" compares stored values; "exposure evened" after one factor a photo in linear light, for the photos differ by
  up to 0.15 stops on purpose and a model cannot know by how much.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.engine import Engine, default_cache_folder, open_cache
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.places import with_params
from meshloom.graph_runtime.preset import read_workflow, resolve
from meshloom.graph_runtime.types import Cameras, Mesh

from ._sample import PRESETS, SAMPLE, TRUTH, as_cameras, true_cameras
from ._scoring import Similarity, compare_surfaces, cylinder, masked_psnr, position_errors

PRESET = PRESETS / "photos_to_model.json"
BIN = Path(sys.executable).with_name("meshloom")
WARM = os.environ.get("MESHLOOM_BENCH_WARM", "") not in ("", "0")


class Rows:
    """Figures beside their targets; a target begins with <=, >= or =."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, what: str, got: float, target: str = "", unit: str = "") -> None:
        sign, _, number = target.partition(" ")
        met = {
            "<=": lambda: got <= float(number),
            ">=": lambda: got >= float(number),
            "=": lambda: got == float(number),
        }
        mark = "" if not target or met[sign]() else "   missed"
        shown = f"{got:,.0f}" if got == int(got) and abs(got) < 1e12 else f"{got:.3f}"
        self.lines.append(f"{what:<58}{shown:>12} {unit:<4}{target:>10}{mark}")

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture(scope="module")
def rows() -> Iterator[Rows]:
    held = Rows()
    yield held
    print(f"\n{'photographs to model':<58}{'got':>12} {'':<4}{'target':>10}")
    print("\n".join(held.lines))


@dataclass
class Ran:
    """A run in a process of its own. ``done``: each node's last event, by name."""

    wall: float
    cpu: float
    peak: int
    done: dict[str, dict[str, Any]]

    @property
    def computed(self) -> list[str]:
        return sorted(name for name, event in self.done.items() if event["computed"])


def meshloom_run(cache: Path, output: Path, *words: str) -> Ran:
    """``meshloom run photos_to_model`` with more words; fails the benchmark if the run does."""
    output.mkdir(parents=True, exist_ok=True)
    said, trouble = output / "events.jsonl", output / "trouble.txt"
    command = [str(BIN), "run", str(PRESET), "-o", str(output), "--json", *words]
    with said.open("wb") as out, trouble.open("wb") as err:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, env={**os.environ, "MESHLOOM_CACHE": str(cache)}
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    events = [json.loads(line) for line in said.read_text(encoding="utf-8").splitlines()]
    assert process.returncode == 0, trouble.read_text(encoding="utf-8")[-2000:] + str(events[-3:])
    done = {event["node"]: event for event in events if event["event"] == "NodeDone"}
    unit = 1 if sys.platform == "darwin" else 1024
    return Ran(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, done)


class Results:
    """The values that a run left in its cache, by the type of their node."""

    def __init__(self, cache: Path, settings: dict[str, Any] | None = None) -> None:
        self.engine = Engine(catalog(), open_cache(cache))
        graph = with_params(graph_of_preset(), catalog(), settings or {})
        self.plan = self.engine.plan(graph, None, PRESET.parent)
        self.outcome = self.engine.run(self.plan)

    def value(self, type_: str, output: str) -> Any:
        name = only(type_)
        ports = [port.name for port in self.plan.nodes[name].spec.outputs]
        return self.engine.value(self.outcome.outputs[name][ports.index(output)])


_CATALOG: list[Catalog] = []


def catalog() -> Catalog:
    if not _CATALOG:
        _CATALOG.append(find_nodes())
    return _CATALOG[0]


def graph_of_preset() -> GraphData:
    return resolve(read_workflow(PRESET), catalog())


def only(type_: str) -> str:
    """The name of the preset's one node of a type."""
    (name,) = [name for name, node in graph_of_preset().nodes.items() if node.type == type_]
    return name


def below(name: str) -> set[str]:
    """A node of the preset and all that depends on it."""
    nodes, found = graph_of_preset().nodes, {name}
    while more := {
        other
        for other, node in nodes.items()
        if other not in found and any(link.node in found for link in node.links.values())
    }:
        found |= more
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("reconstruction")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def cache(folder: Path) -> Path:
    return default_cache_folder() if WARM else folder / "cache"


@pytest.fixture(scope="module")
def first(cache: Path, folder: Path) -> Ran:
    return meshloom_run(cache, folder / "first")


@pytest.fixture(scope="module")
def results(first: Ran, cache: Path) -> Iterator[Results]:
    found = Results(cache)
    assert found.outcome.computed == 0, "the values are to be those of the run that was measured"
    yield found
    found.engine.cache.close()


@pytest.fixture(scope="module")
def to_truth(results: Results) -> Similarity:
    """From the reconstruction's world to the true one."""
    truth = as_cameras([photo for photo in true_cameras() if not photo["held_out"]])
    return position_errors(results.value("reconstruct.map_cameras", "cameras"), truth)[1]


def bench_cold(first: Ran, rows: Rows) -> None:
    if WARM:
        rows.say("cold run: not measured (MESHLOOM_BENCH_WARM)")
        return
    assert all(event["computed"] for event in first.done.values())
    load = os.getloadavg()[0]
    rows.add(f"cold: wall time (load of the machine now: {load:.1f})", first.wall, "<= 150", "s")
    rows.add("cold: CPU time of the process", first.cpu, "<= 300", "s")
    rows.add("cold: peak memory of the process", first.peak / 1e9, "<= 3", "GB")
    for name, event in sorted(first.done.items(), key=lambda item: -item[1].get("seconds", 0)):
        rows.add(f"    {name}", event.get("seconds", 0.0), unit="s")


def bench_cameras(results: Results, rows: Rows) -> None:
    facts = json.loads((TRUTH / "object.json").read_text(encoding="utf-8"))
    photos = [photo for photo in true_cameras() if not photo["held_out"]]
    found = results.value("reconstruct.map_cameras", "cameras")
    rows.add("photos placed", len(found), f"= {len(photos)}")
    errors, _ = position_errors(found, as_cameras(photos))
    share = errors / facts["scene_diagonal"] * 100
    rows.add("camera positions off: mean, of the scene's diagonal", share.mean(), "<= 0.5", "%")
    rows.add("camera positions off: worst", share.max(), "<= 0.5", "%")


def bench_surface(results: Results, to_truth: Similarity, rows: Rows) -> None:
    facts = json.loads((TRUTH / "object.json").read_text(encoding="utf-8"))
    found: Mesh = results.value("mesh.bake_texture", "mesh")
    moved = Mesh(to_truth.points(found.vertices).astype(np.float32), found.faces)
    truth = mesh_of(TRUTH / "object.ply")
    threshold, round_ = 0.01 * facts["diagonal"], facts["cylinder"]
    around = cylinder(
        (round_["axis_x"], round_["axis_z"]),
        round_["radius"] + 2 * threshold,
        round_["y_top"] - 2 * threshold,
        round_["y_base"],
    )
    shape = compare_surfaces(moved, truth, threshold, around)
    rows.add("mesh: faces", len(found.faces))
    rows.add("mesh: F-score at 1 % of the owl's diagonal", shape.f_score, ">= 0.90")
    rows.add("mesh: accuracy (share of the mesh on the owl)", shape.precision)
    rows.add("mesh: completeness (share of the owl that is there)", shape.recall)
    rows.add("mesh: median distance, of the diagonal", shape.median / facts["diagonal"] * 100, unit="%")


def mesh_of(path: Path) -> Mesh:
    import trimesh

    read = trimesh.load(path, process=False)
    return Mesh(np.asarray(read.vertices, np.float32), np.asarray(read.faces, np.int32))


def bench_texture(results: Results, to_truth: Similarity, rows: Rows, tmp_path: Path) -> None:
    held_out = [photo for photo in true_cameras() if photo["held_out"]]
    cameras = to_truth.inverse().cameras(as_cameras(held_out))
    pictures = through(results.value("mesh.bake_texture", "mesh"), cameras)
    stored, evened, shown = [], [], []
    for photo, picture in zip(held_out, pictures, strict=True):
        mask = np.asarray(Pillow.open(TRUTH / "masks" / f"{Path(photo['name']).stem}.png")) > 0
        true = np.asarray(Pillow.open(SAMPLE / "heldout" / photo["name"]).convert("RGB"))
        stored.append(masked_psnr(picture[..., :3], true, mask))
        evened.append(masked_psnr(picture[..., :3], true, mask, exposure=True))
        shown.append(float((picture[..., 3][mask] > 127).mean()))
    rows.add("held-out photos: PSNR on the owl as it is, mean", float(np.mean(stored)), ">= 22", "dB")
    rows.add("held-out photos: PSNR, exposure evened, mean", float(np.mean(evened)), unit="dB")
    rows.add("held-out photos: PSNR, exposure evened, worst", float(np.min(evened)), unit="dB")
    rows.add("held-out photos: the owl's pixels covered by the mesh", float(np.mean(shown)) * 100, unit="%")


def through(mesh: Mesh, cameras: Cameras) -> list[np.ndarray]:
    """The mesh's own colours (H, W, 4) uint8 as the cameras see it; black where there is no mesh."""
    from meshloom.kernels.raycast.light import UNLIT
    from meshloom.kernels.raycast.render import render
    from meshloom.nodes.render._scene import scene_of, views_of

    scene = scene_of(mesh, 2)
    made = []
    for view in views_of(cameras):
        frame = render(scene, view, UNLIT, samples=2)
        colour = frame.colour * frame.alpha[..., None]
        made.append((np.dstack([colour, frame.alpha]).clip(0, 1) * 255 + 0.5).astype(np.uint8))
    return made


def bench_again(first: Ran, cache: Path, folder: Path, rows: Rows) -> None:
    again = meshloom_run(cache, folder / "first")
    rows.add("the same again in a new process: nodes computed", len(again.computed), "= 0")
    rows.add("the same again in a new process: wall time", again.wall, "<= 2.5", "s")
    rows.add("the same again in a new process: CPU time", again.cpu, unit="s")


def bench_texture_size(first: Ran, cache: Path, folder: Path, rows: Rows) -> None:
    painted = only("mesh.bake_texture")
    changed = meshloom_run(cache, folder / "smaller", "--set", f"{painted}.size=512")
    rest = sorted(set(changed.computed) - below(painted))
    rows.add("another texture size: nodes computed above the painting", len(rest), "= 0")
    rows.say(f"    computed: {', '.join(changed.computed) or 'none (run before)'}")


def bench_one_more_photo(first: Ran, cache: Path, folder: Path, rows: Rows) -> None:
    more = folder / "one more"
    shutil.copytree(SAMPLE / "photos", more)
    extra = sorted((SAMPLE / "heldout").iterdir())[0]
    shutil.copy(extra, more)
    # A photo nobody has seen, so that a warm cache cannot have met it either.
    Pillow.open(extra).rotate(0.01 + time.time() % 1).save(more / extra.name, quality=95)
    before = len(list((SAMPLE / "photos").iterdir()))
    load, features, match = (
        only(type_) for type_ in ("photo.load_folder", "reconstruct.features", "reconstruct.match")
    )
    ran = meshloom_run(cache, folder / "more", "--set", f"{load}.folder={more}", "--only", match)
    pairs = ran.done[match]["remembered"]["pair"]
    rows.add("one more photo: photos whose features are computed", ran.done[features]["computed"], "= 1")
    rows.add("one more photo: pairs matched", pairs[0], f"= {before}")
    rows.add("one more photo: pairs remembered", pairs[1], f"= {before * (before - 1) // 2}")


def bench_sceaux(cache: Path, folder: Path, rows: Rows) -> None:
    told = os.environ.get("MESHLOOM_PHOTOS", "")
    photos = Path(told) / "sceaux_castle" if (Path(told) / "sceaux_castle").is_dir() else Path(told)
    if not told or not photos.is_dir():
        why = f"{told} is no folder" if told else "MESHLOOM_PHOTOS is not set"
        rows.say(f"sceaux castle: SKIPPED ({why})")
        pytest.skip(why)
    load = only("photo.load_folder")
    own = cache if WARM else folder / "castle cache"
    settings = {f"{load}.folder": str(photos.resolve()), f"{load}.max_side": 1000}
    words = [word for place, held in settings.items() for word in ("--set", f"{place}={held}")]
    ran = meshloom_run(own, folder / "castle", *words)
    found = Results(own, settings)
    summary = dict(found.value("reconstruct.map_cameras", "summary").rows)
    count = len(found.value("photo.load_folder", "images"))
    error = next(held for name, held in summary.items() if name.startswith("mean reprojection error"))
    rows.add("castle: photos placed", len(found.value("reconstruct.map_cameras", "cameras")), f"= {count}")
    rows.add("castle: mean reprojection error", error, "<= 0.5", "px")
    rows.add("castle: dense points", len(found.value("dense.fuse", "point_cloud")), ">= 300000")
    rows.add("castle: mesh faces", len(found.value("mesh.bake_texture", "mesh").faces))
    found.engine.cache.close()
    if WARM:
        return
    rows.add("castle, cold: wall time", ran.wall, "<= 300", "s")
    rows.add("castle, cold: CPU time of the process", ran.cpu, "<= 600", "s")
    rows.add("castle, cold: peak memory of the process", ran.peak / 1e9, "<= 6", "GB")
    for name, event in sorted(ran.done.items(), key=lambda item: -item[1].get("seconds", 0))[:8]:
        rows.add(f"    {name}", event.get("seconds", 0.0), unit="s")
