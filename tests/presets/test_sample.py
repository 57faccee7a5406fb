"""The sample photographs: complete, small, and in agreement with their ground truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SAMPLE = Path(__file__).resolve().parents[2] / "presets" / "samples" / "figurine"
TRUTH = SAMPLE / "truth"


@pytest.fixture(scope="module")
def photos() -> list[dict]:
    return json.loads((TRUTH / "cameras.json").read_text())["photos"]


@pytest.fixture(scope="module")
def mesh() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, faces and colours of the object."""
    import trimesh

    loaded = trimesh.load(TRUTH / "object.ply", process=False)
    return (
        np.asarray(loaded.vertices),
        np.asarray(loaded.faces),
        np.asarray(loaded.visual.vertex_colors)[:, :3],
    )


@pytest.fixture(scope="module")
def caster(mesh):
    import open3d as o3d

    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor(mesh[0].astype(np.float32)), o3d.core.Tensor(mesh[1].astype(np.uint32))
    )
    return scene


def path_of(photo: dict) -> Path:
    return SAMPLE / ("heldout" if photo["held_out"] else "photos") / photo["name"]


def pose(photo: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotation, translation and centre."""
    extrinsics = np.array(photo["extrinsics"])
    return extrinsics[:, :3], extrinsics[:, 3], -extrinsics[:, :3].T @ extrinsics[:, 3]


def project(points: np.ndarray, photo: dict) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and depths, by OpenCV's own model of the lens."""
    import cv2

    rotation, shift, _ = pose(photo)
    pixels, _ = cv2.projectPoints(
        points,
        cv2.Rodrigues(rotation)[0],
        shift,
        np.array(photo["intrinsics"]),
        np.array(photo["distortion"]),
    )
    return pixels[:, 0], (points @ rotation.T + shift)[:, 2]


def test_the_set_is_complete_and_small(photos):
    there = sorted(
        p.relative_to(SAMPLE) for folder in ("photos", "heldout") for p in (SAMPLE / folder).iterdir()
    )
    assert there == sorted(path_of(p).relative_to(SAMPLE) for p in photos)
    assert 22 <= sum(not p["held_out"] for p in photos) <= 26
    assert sum(p["held_out"] for p in photos) == 3
    assert sum(path_of(p).stat().st_size for p in photos) <= 4_000_000
    assert sum(f.stat().st_size for f in SAMPLE.rglob("*") if f.is_file()) <= 7_000_000


def test_exif_gives_a_focal_length_near_the_true_one(photos):
    for photo in photos:
        with Image.open(path_of(photo)) as picture:
            assert list(picture.size) == photo["size"]
            exif = picture.getexif()
            detail = exif.get_ifd(0x8769)
        assert exif[0x010F]
        assert exif[0x0110]
        assert exif[0x0132].startswith("20")
        assert [detail[0xA002], detail[0xA003]] == photo["size"]
        assert float(detail[0x920A]) > 0
        from_exif = detail[0xA405] / 36.0 * max(photo["size"])
        assert from_exif == pytest.approx(photo["intrinsics"][0][0], rel=0.02)


def test_cameras_are_proper_and_stand_around_the_object(photos):
    azimuths = []
    for photo in photos:
        rotation, _, centre = pose(photo)
        assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-7)
        assert np.linalg.det(rotation) == pytest.approx(1.0, abs=1e-6)
        assert centre[1] < -0.15  # above the table: y is down
        assert rotation[1, 1] > 0.3  # held the right way up
        assert 0.4 < np.linalg.norm(centre) < 0.8
        azimuths.append(np.arctan2(centre[0], -centre[2]))
    gaps = np.diff(np.sort(azimuths), append=np.min(azimuths) + 2 * np.pi)
    assert np.degrees(gaps.max()) < 35


def test_the_object_lies_inside_its_bounds_and_in_every_photo(photos, mesh):
    vertices, faces, _ = mesh
    facts = json.loads((TRUTH / "object.json").read_text())
    assert 20_000 < len(faces) <= 60_000
    assert np.allclose(facts["bounds"], [vertices.min(0), vertices.max(0)], atol=1e-4)
    assert facts["diagonal"] == pytest.approx(np.linalg.norm(np.ptp(vertices, axis=0)), abs=1e-4)
    cylinder = facts["cylinder"]
    assert (np.hypot(vertices[:, 0], vertices[:, 2]) <= cylinder["radius"]).all()
    assert (vertices[:, 1] >= cylinder["y_top"]).all()
    assert (vertices[:, 1] <= cylinder["y_base"] + 1e-5).all()
    for photo in photos:
        pixels, depth = project(vertices, photo)
        assert (depth > 0.1).all()
        assert (pixels > 0).all()
        assert (pixels < photo["size"]).all()


def test_the_mesh_fills_the_masks(photos, caster):
    """Rays through a coarse grid of pixels hit the mesh where the mask says so."""
    import cv2
    import open3d as o3d

    for photo in photos[::3]:
        mask = np.asarray(Image.open(TRUTH / "masks" / f"{Path(photo['name']).stem}.png"))
        height, width = mask.shape
        y, x = (g.ravel() for g in np.mgrid[2:height:5, 2:width:5])
        pixels = np.stack([x, y], axis=1).astype(np.float64)[:, None] + 0.5
        flat = cv2.undistortPoints(pixels, np.array(photo["intrinsics"]), np.array(photo["distortion"]))[:, 0]
        rotation, _, centre = pose(photo)
        ways = np.concatenate([flat, np.ones((len(flat), 1))], axis=1) @ rotation
        rays = np.concatenate([np.broadcast_to(centre, ways.shape), ways], axis=1).astype(np.float32)
        hit = np.isfinite(caster.cast_rays(o3d.core.Tensor(rays))["t_hit"].numpy())
        inside = mask[y, x]
        assert (hit & inside).sum() / (hit | inside).sum() > 0.97, photo["name"]


def test_the_photos_show_the_object_where_the_cameras_say(photos, mesh, caster):
    """What is painted on the mesh correlates with the photo there, and less so a few pixels beside it."""
    import open3d as o3d

    vertices, _, colours = mesh
    paint = colours.astype(np.float64).mean(1)
    for photo in photos[::4]:
        pixels, _ = project(vertices, photo)
        way = vertices - pose(photo)[2]
        rays = np.concatenate([np.broadcast_to(pose(photo)[2], way.shape), way], axis=1).astype(np.float32)
        seen = caster.cast_rays(o3d.core.Tensor(rays))["t_hit"].numpy() > 0.999
        picture = np.asarray(Image.open(path_of(photo)).convert("L"), np.float64)

        def likeness(shift: float, pixels=pixels, seen=seen, picture=picture) -> float:
            column, row = np.floor(pixels[seen] + shift).astype(int).T
            row, column = row.clip(0, picture.shape[0] - 1), column.clip(0, picture.shape[1] - 1)
            return float(np.corrcoef(picture[row, column], paint[seen])[0, 1])

        assert likeness(0.0) > 0.4, photo["name"]
        assert likeness(0.0) > likeness(6.0) + 0.12
        assert likeness(0.0) > likeness(-6.0) + 0.12
