"""What is known exactly about the photographs, written beside them for tests and benchmarks.

Files hold Meshloom's conventions: metres, world y down, OpenCV cameras, pixel centres at .5.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from . import lens, room
from .scene import Scene

#: From the z-up world that the scene is modelled in to the y-down world of the files.
TO_FILES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
_FACES = 56_000


def cameras(shots: list[lens.Shot]) -> dict:
    """The content of ``cameras.json``."""
    photos = []
    for shot in shots:
        rotation = shot.rotation @ TO_FILES.T
        shift = -rotation @ (TO_FILES @ shot.centre)
        photos.append(
            {
                "name": shot.name,
                "held_out": shot.held_out,
                "size": [lens.WIDTH, lens.HEIGHT],
                "intrinsics": lens.intrinsics().tolist(),
                "distortion": [lens.K1, 0.0, 0.0, 0.0],
                "extrinsics": np.concatenate([rotation, shift[:, None]], axis=1).round(9).tolist(),
                "exposure_stops": round(shot.stops, 4),
            }
        )
    convention = (
        "OpenCV: x right, y down, z forward; extrinsics are world-to-camera [R|t]; world y is down, metres; "
        "pixel centres at .5; distortion is k1, k2, p1, p2"
    )
    return {"convention": convention, "photos": photos}


def project(points, shot: lens.Shot):
    """Pixels (N, 2) and depths (N,) of z-up world points, through the distorting lens."""
    local = (points - shot.centre) @ shot.rotation.T
    depth = local[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = local[:, 0] / depth, local[:, 1] / depth
    factor = 1.0 + lens.K1 * (x * x + y * y)
    pixels = np.stack(
        [x * factor * lens.FOCAL + lens.WIDTH / 2, y * factor * lens.FOCAL + lens.HEIGHT / 2], 1
    )
    return pixels, depth


def photos_that_see(scene: Scene, shots: list[lens.Shot]):
    """(V,) how many training photos see each of the owl's vertices."""
    import open3d as o3d

    points = scene.vertices[: scene.owl_vertices]
    normals = scene.normals[: scene.owl_vertices]
    counts = np.zeros(len(points), int)
    for shot in shots:
        if shot.held_out:
            continue
        pixels, depth = project(points, shot)
        inside = (depth > 0) & (pixels > 0).all(1) & (pixels < (lens.WIDTH, lens.HEIGHT)).all(1)
        way = shot.centre - points
        far = np.linalg.norm(way, axis=1, keepdims=True)
        inside &= ((way / far) * normals).sum(1) > 0.1
        rays = np.concatenate([points + 4e-4 * normals, way / far], axis=1).astype(np.float32)
        hidden = scene.caster.test_occlusions(o3d.core.Tensor(rays), tfar=float(far.max())).numpy()
        counts += inside & ~hidden
    return counts


def object_mesh(scene: Scene, albedo, shots: list[lens.Shot]):
    """The part of the owl's surface that at least two photos see: vertices, faces, sRGB colours (uint8)."""
    import fast_simplification
    from scipy.spatial import cKDTree

    seen = photos_that_see(scene, shots) >= 2
    faces = scene.faces[: scene.owl_faces]
    faces = faces[seen[faces].all(1)]
    used, faces = np.unique(faces, return_inverse=True)
    points = scene.vertices[used].astype(np.float32)
    faces = faces.reshape(-1, 3).astype(np.int32)
    share = max(0.0, 1.0 - _FACES / len(faces))
    points, faces = fast_simplification.simplify(points, faces, share)
    nearest = cKDTree(scene.vertices[: scene.owl_vertices]).query(points)[1]
    linear = np.clip(albedo[nearest], 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (
        (points @ TO_FILES.T).astype(np.float32),
        faces.astype(np.int32),
        (srgb * 255 + 0.5).astype(np.uint8),
    )


def write_ply(path: Path, points, faces, colours) -> None:
    """A binary PLY with float positions and byte colours."""
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(points)}\nproperty float x\nproperty float y\nproperty float z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    vertex = np.zeros(len(points), [("p", "<f4", 3), ("c", "u1", 3)])
    vertex["p"], vertex["c"] = points, colours
    face = np.zeros(len(faces), [("n", "u1"), ("i", "<i4", 3)])
    face["n"], face["i"] = 3, faces
    path.write_bytes(header.encode() + vertex.tobytes() + face.tobytes())


def object_facts(points) -> dict:
    """The content of ``object.json``: where the owl ends and the scene begins."""
    low, high = points.min(0).astype(float), points.max(0).astype(float)
    table = np.array([[-0.62, -0.5, 0.0], [0.66, 0.56, 0.0]]) @ TO_FILES.T
    both = np.concatenate([np.stack([low, high]), table])
    return {
        "units": "metres",
        "up": [0.0, -1.0, 0.0],
        "table_y": 0.0,
        "bounds": [low.round(5).tolist(), high.round(5).tolist()],
        "diagonal": round(float(np.linalg.norm(high - low)), 5),
        "cylinder": {
            "axis_x": 0.0,
            "axis_z": 0.0,
            "radius": round(float(np.hypot(points[:, 0], points[:, 2]).max()) + 0.001, 5),
            "y_top": round(float(low[1]) - 0.001, 5),
            "y_base": round(float(high[1]), 5),
        },
        "scene_bounds": [both.min(0).round(5).tolist(), both.max(0).round(5).tolist()],
        "scene_diagonal": round(float(np.linalg.norm(np.ptp(both, axis=0))), 5),
        "scene": "the owl and the table top it stands on",
        "cloth_half_side": room.CLOTH_HALF,
    }


def object_mask(scene: Scene, shot: lens.Shot):
    """(H, W) bool: pixels whose centre shows the owl, through the lens as photographed."""
    import open3d as o3d

    y, x = (g.ravel() + 0.5 for g in np.mgrid[0 : lens.HEIGHT, 0 : lens.WIDTH])
    rays = lens.rays(shot, x, y, np.zeros((len(x), 2)))
    found = scene.caster.cast_rays(o3d.core.Tensor(rays))["primitive_ids"].numpy()
    return (found < scene.owl_faces).reshape(lens.HEIGHT, lens.WIDTH)


def write(folder: Path, scene: Scene, albedo, shots: list[lens.Shot]) -> None:
    """Everything into ``folder``."""
    from PIL import Image

    (folder / "masks").mkdir(parents=True, exist_ok=True)
    points, faces, colours = object_mesh(scene, albedo, shots)
    write_ply(folder / "object.ply", points, faces, colours)
    (folder / "object.json").write_text(json.dumps(object_facts(points), indent=1) + "\n")
    (folder / "cameras.json").write_text(json.dumps(cameras(shots), indent=1) + "\n")
    for shot in shots:
        mask = Image.fromarray(object_mask(scene, shot)).convert("1")
        mask.save(folder / "masks" / (Path(shot.name).stem + ".png"), optimize=True)
