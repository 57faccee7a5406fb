"""The workflows that come with Meshloom: sound as files, and the quick ones run for real."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.places import with_params
from meshloom.graph_runtime.plan import Plan
from meshloom.graph_runtime.preset import dump, parse, read_workflow, resolve
from meshloom.graph_runtime.sweep import cells, graph_of, parse_axis

PRESETS = Path(__file__).resolve().parents[2] / "presets"
SAMPLE = PRESETS / "samples" / "figurine"
NAMES = sorted(path.stem for path in PRESETS.glob("*.json"))
#: A node is drawn at most this large.
NODE_WIDTH, NODE_HEIGHT = 240, 130


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return find_nodes(packs=False)


@pytest.fixture(scope="module")
def engine(catalog) -> Engine:
    return Engine(catalog, open_cache(None), workers=2)


def opened(name: str, catalog: Catalog) -> GraphData:
    return resolve(read_workflow(PRESETS / f"{name}.json"), catalog)


@dataclass
class Ran:
    engine: Engine
    plan: Plan
    outcome: Outcome

    def value(self, place: str) -> Any:
        """The value of ``node.output``, or of a node's only one."""
        name, _, output = place.partition(".")
        ports = [port.name for port in self.plan.nodes[name].spec.outputs]
        return self.engine.value(self.outcome.outputs[name][ports.index(output) if output else 0])


@pytest.fixture
def run_preset(engine: Engine, catalog: Catalog) -> Callable[..., Ran]:
    def run(graph: str | GraphData, settings: dict[str, Any] | None = None, *targets: str) -> Ran:
        if isinstance(graph, str):
            graph = opened(graph, catalog)
        plan = engine.plan(with_params(graph, catalog, settings or {}), list(targets) or None, PRESETS)
        outcome = engine.run(plan)
        assert outcome.status == "done", outcome.failed
        return Ran(engine, plan, outcome)

    return run


def test_the_presets_promised_are_there():
    assert {
        "photos_to_model",
        "stereo_pair_to_cloud",
        "clean_and_texture_mesh",
        "cutout_and_compare",
        "sweep_demo",
        "image_edit",
        "image_edit_sweep",
        "attention_ab_shapes",
        "attention_ab_pipeline",
        "photos_to_splats",
        "splats_to_mesh",
        "splat_cleanup",
        "flythrough_video",
    } <= set(NAMES)


# ---------------------------------------------------------------------------------------------- as files


@pytest.mark.parametrize("name", NAMES)
def test_plans_without_a_problem_and_without_idle_nodes(name, engine, catalog):
    graph = opened(name, catalog)
    plan = engine.plan(graph, None, PRESETS)
    assert plan.problems == []
    assert set(plan.nodes) == set(graph.nodes)


@pytest.mark.parametrize("name", NAMES)
def test_is_written_as_it_was_read(name):
    graph = read_workflow(PRESETS / f"{name}.json")
    text = dump(graph)
    assert parse(text.encode()) == graph
    assert dump(parse(text.encode())) == text


@pytest.mark.parametrize("name", NAMES)
def test_uses_files_that_come_along(name):
    """Nothing of the machine it was made on: paths lead from the presets into the samples."""
    for node, data in read_workflow(PRESETS / f"{name}.json").nodes.items():
        for param, held in data.params.items():
            if isinstance(held, str) and ("/" in held or "\\" in held):
                assert held.startswith("samples/"), f"{node}.{param}"
                assert (PRESETS / held).exists(), f"{node}.{param}"


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is_about(name):
    about = read_workflow(PRESETS / f"{name}.json").extras["about"]
    assert 30 <= len(about) <= 200
    assert "\n" not in about


@pytest.mark.parametrize("name", NAMES)
def test_is_laid_out_from_left_to_right_without_overlaps(name):
    graph = read_workflow(PRESETS / f"{name}.json")
    assert set(graph.view) == set(graph.nodes)
    for node, data in graph.nodes.items():
        for link in data.links.values():
            (x, y), (u, v) = graph.view[link.node], graph.view[node]
            ahead, next_row = x + NODE_WIDTH <= u, y + NODE_HEIGHT <= v  # long ones are in rows, as text is
            assert ahead or next_row, f"{link.node} -> {node}"
    for (one, (x, y)), (other, (u, v)) in combinations(graph.view.items(), 2):
        assert abs(x - u) >= NODE_WIDTH or abs(y - v) >= NODE_HEIGHT, f"{one} lies on {other}"


@pytest.mark.parametrize("name", NAMES)
def test_has_a_picture_of_what_it_makes(name):
    path = PRESETS / "thumbnails" / f"{name}.png"
    with Pillow.open(path) as picture:
        assert picture.size == (480, 360)
        assert np.asarray(picture.convert("L")).std() > 15
    assert path.stat().st_size < 300_000


def test_every_picture_belongs_to_a_preset():
    assert {path.stem for path in (PRESETS / "thumbnails").iterdir()} == set(NAMES)


# ------------------------------------------------------------------------------------------------- run


def test_stereo_pair_to_cloud(run_preset):
    small = {"disparity.method": "sgbm", "preview.width": 320, "preview.height": 240}
    ran = run_preset("stereo_pair_to_cloud", small)
    errors = {row[0]: row[1] for row in ran.value("errors").rows}
    assert 0 < errors["bad 2"] < 25  # the preset's own, slower method has 7 %
    points = ran.value("cloud").positions
    assert len(points) > 80_000
    assert points[:, 2].min() > 1.5 and points[:, 2].max() <= 4.5
    assert bytes(ran.value("cloud_file").data[:4]) == b"ply\n"
    assert ran.value("preview").pixels.reshape(-1, 3).std(axis=0).min() > 20
    assert ran.value("sheet").height > 3 * ran.value("pair.left").height


def test_cutout_and_compare(run_preset):
    ran = run_preset("cutout_and_compare")
    found = ran.value("cutout.mask").coverage > 0.5
    true = np.asarray(Pillow.open(SAMPLE / "truth" / "masks" / "IMG_0001.png")) > 0
    assert (found & true).sum() / (found | true).sum() > 0.93
    assert ran.value("share.share") == pytest.approx(true.mean(), abs=0.015)
    photo, result = ran.value("photo").as_float(), ran.value("result").as_float()
    inner = found & ~_near(~found, 8)
    outer = ~_near(found, 60)
    assert np.abs(photo[inner] - result[inner]).max() < 0.02
    assert np.abs(photo[outer] - result[outer]).mean() > 0.1
    assert bytes(ran.value("result_file").data[1:4]) == b"PNG"


def _near(mask: np.ndarray, radius: int) -> np.ndarray:
    from scipy.ndimage import distance_transform_edt

    return distance_transform_edt(~mask) <= radius


def test_sweep_demo_finds_the_best_in_the_middle(run_preset, catalog):
    graph = opened("sweep_demo", catalog)
    told = re.findall(r"--sweep (\S+)", graph.extras["about"])
    assert len(cells([parse_axis(text, graph, catalog) for text in told])) == 15
    axis = parse_axis("denoised.strength=0,1,2", graph, catalog)
    found = []
    for cell in cells([axis]):
        ran = run_preset(graph_of(cell, graph, catalog))
        found.append(ran.value("score.psnr"))
        assert ran.value("figures").columns == ("psnr_db", "ssim")
        assert ran.value("captioned").height > ran.value("denoised").height
        if len(found) > 1:
            again = {name for name, event in ran.outcome.done.items() if not event.computed}
            assert again == {"photo", "clean", "grain", "noisy"}
    assert found[1] > found[0] + 1
    assert found[1] > found[2] + 1


@pytest.fixture
def one_thread():
    """Layers of tiny models are smaller than what it costs to share them out."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_image_edit_changes_what_the_mask_selects_and_says_it_is_noise(run_preset, one_thread):
    ran = run_preset("image_edit", {"edited.steps": 3, "edited.reference_side": 128})
    photo, edited = ran.value("small").as_float(), ran.value("edited").pixels
    changes = ran.value("soft").coverage
    assert np.array_equal(edited[changes == 0], photo[changes == 0])
    assert np.abs(edited - photo)[changes > 0.9].mean() > 0.1
    assert any("random weights: the picture is noise" in told.message for told in ran.outcome.warnings)
    assert bytes(ran.value("edited_file").data[1:4]) == b"PNG"


def test_another_seed_or_mask_encodes_no_prompt_anew_and_the_way_back_is_free(run_preset, one_thread):
    def computed(**settings):
        small = {"edited.steps": 2, "edited.reference_side": 128}
        ran = run_preset(
            "image_edit", {**small, **{name.replace("__", "."): held for name, held in settings.items()}}
        )
        return {name for name, event in ran.outcome.done.items() if event.computed}

    shown = {"edited", "shown", "preview", "edited_file"}
    computed()
    assert computed(edited__seed=1) == shown
    assert computed(region__width=0.4) == {"region", "soft", *shown}
    assert computed() == set()
    assert computed(prompt__prompt="Give the owl a hat") == {"prompt", *shown}


def test_image_edit_sweep_encodes_once_for_all_cells(run_preset, catalog, one_thread):
    graph = opened("image_edit_sweep", catalog)
    told = re.findall(r"--sweep (\S+)", graph.extras["about"])
    axes = [parse_axis(text, graph, catalog) for text in told]
    assert len(cells(axes)) == 6
    seen = []
    for cell in cells(axes)[:3]:
        small = with_params(graph_of(cell, graph, catalog), catalog, {"edited.steps": 2})
        ran = run_preset(small)
        seen.append(ran.value("edited").pixels)
        assert ran.value("figures").columns == ("psnr_db", "ssim")
        assert len(seen) == 1 or not ran.outcome.done["prompt"].computed
    assert not np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[1], seen[2])


def test_clean_and_texture_mesh(run_preset):
    small = {
        "light.faces": 3000,
        "photos.max_side": 320,
        "painted.size": 256,
        "preview.width": 160,
        "preview.height": 120,
    }
    ran = run_preset("clean_and_texture_mesh", small)
    measures = dict(ran.value("measures").rows)
    assert measures["watertight"] in (True, "True", 1)
    assert measures["volume"] > 0.005
    assert measures["boundary edges"] == 0
    painted = ran.value("painted.mesh")
    assert 3000 <= len(painted.faces) < 4500
    texture = painted.material.base_colour
    assert texture.shape[:2] == (256, 256)
    assert texture[..., :3].reshape(-1, 3).std(axis=0).min() > 25
    assert bytes(ran.value("model_file").data[:4]) == b"glTF"


def test_the_sample_s_transforms_are_its_true_cameras(run_preset, catalog):
    """`samples/make_transforms.py` was run after the sample was made."""
    cameras = run_preset("clean_and_texture_mesh", {}, "cameras").value("cameras.cameras")
    told = json.loads((SAMPLE / "truth" / "cameras.json").read_text(encoding="utf-8"))["photos"]
    true = [photo for photo in told if not photo["held_out"]]
    assert cameras.names == tuple(photo["name"] for photo in true)
    assert np.allclose(cameras.intrinsics, [photo["intrinsics"] for photo in true])
    assert np.allclose(cameras.extrinsics, [photo["extrinsics"] for photo in true], atol=1e-6)
    assert np.allclose(cameras.distortion, [photo["distortion"] for photo in true])
    assert cameras.sizes.tolist() == [photo["size"] for photo in true]


def test_splats_to_mesh(run_preset):
    small = {
        "photos.max_side": 320,
        "depth.max_side": 240,
        "light.faces": 3000,
        "painted.size": 256,
        "preview.width": 160,
        "preview.height": 120,
    }
    ran = run_preset("splats_to_mesh", small)
    mesh = ran.value("painted.mesh")
    assert 2000 < len(mesh.faces) <= 3100
    facts = json.loads((SAMPLE / "truth" / "object.json").read_text(encoding="utf-8"))
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    true_low, true_high = np.array(facts["bounds"])
    # The owl stands there, with a part of the table.
    assert np.abs(low[1] - true_low[1]) < 0.03
    assert (low < true_low + 0.03).all() and (high > true_high - 0.03).all()
    texture = mesh.material.base_colour[..., :3]
    assert texture.reshape(-1, 3).std(axis=0).min() > 25
    assert bytes(ran.value("model_file").data[:4]) == b"glTF"


def test_splat_cleanup(run_preset):
    ran = run_preset("splat_cleanup", {"way.frames": 2, "way.width": 96, "way.height": 72})
    before, after = ran.value("scene"), ran.value("fresh")
    assert len(after) <= 32_000 < len(before)
    assert dict(ran.value("before.table").rows)["splats"] == len(before)
    assert dict(ran.value("pruned.table").rows)["left"] < len(before)
    assert len(ran.value("scene_file").data) < 700_000
    assert ran.value("sheet").pixels.std() > 20


def test_flythrough_video(run_preset):
    ran = run_preset("flythrough_video", {"way.frames": 4, "way.width": 64, "way.height": 48})
    frames = ran.value("frames.images")
    assert len(frames) == 4
    assert all(frame.pixels.std() > 20 for frame in frames)
    assert np.abs(frames[0].pixels.astype(int) - frames[2].pixels).mean() > 10
    assert bytes(ran.value("film").data[4:8]) == b"ftyp"


def test_attention_ab_shapes(run_preset, one_thread):
    small = {"comparison.shapes": "b1 h2 n64 d64 bf16", "comparison.rounds": 6, "comparison.check": False}
    table = run_preset("attention_ab_shapes", small).value("comparison.table")
    status = {row[1]: row[2] for row in table.rows}
    assert status["sdpa.default"] == status["sdpa.flash"] == status["sdpa.math"] == "ok"
    assert status["own.cpu_bf16"] == "ok" or "AVX512-BF16" in status["own.cpu_bf16"]
    assert table.rows[0][1] == "A/A (baseline again)"


def test_attention_ab_pipeline(run_preset, one_thread):
    """One step and the census; whole pictures are in the tests of the node."""
    ran = run_preset("attention_ab_pipeline", {"step.check": False}, "step", "calls")
    rows = {row[0]: row for row in ran.value("step.table").rows}
    assert rows["sdpa.flash"][1] == rows["sdpa.math"][1] == rows["reference.fp64"][1] == "ok"
    assert "fp32" in ran.value("calls.shapes").text
