"""How good a reconstruction is, given what was photographed: similarity alignment, F-score, masked PSNR.

Kept apart from Meshloom's own nodes of such names, so that a fault in those cannot flatter the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Cameras, Mesh

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Similarity:
    """x -> scale * rotation @ x + shift."""

    scale: float
    rotation: Floats
    shift: Floats

    def points(self, points: NDArray[np.floating]) -> Floats:
        """(N, 3) moved."""
        return self.scale * np.asarray(points, np.float64) @ self.rotation.T + self.shift

    def cameras(self, cameras: Cameras) -> Cameras:
        """The cameras moved along with the world: they see in the moved world what they saw in the old one."""
        rotation = cameras.extrinsics[:, :, :3] @ self.rotation.T
        shift = self.scale * cameras.extrinsics[:, :, 3] - rotation @ self.shift
        extrinsics = np.concatenate([rotation, shift[:, :, None]], axis=2)
        return Cameras(cameras.intrinsics, extrinsics, cameras.sizes, cameras.names, cameras.distortion)

    def inverse(self) -> Similarity:
        back = self.rotation.T
        return Similarity(1 / self.scale, back, -back @ self.shift / self.scale)


def umeyama(source: NDArray[np.floating], target: NDArray[np.floating]) -> Similarity:
    """The similarity that moves ``source`` (N, 3) onto ``target`` (N, 3) with the least squared distance.

    Never a mirror image. Umeyama, Least-squares estimation of transformation parameters between two point
    patterns (PAMI 1991). Raises ``ValueError`` unless there are three points that are not in a line.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if source.shape != target.shape or len(source) < 3:
        raise ValueError(f"{source.shape} and {target.shape}; expected two equal (N, 3) with N of 3 or more")
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    left, spread, right = np.linalg.svd(b.T @ a / len(a))
    if np.linalg.matrix_rank(a) < 2 or np.linalg.matrix_rank(b) < 2:
        raise ValueError("the points lie in a line, which leaves the rotation open")
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = left * sign @ right
    scale = float((spread * sign).sum() / (a**2).sum(axis=1).mean())
    return Similarity(scale, rotation, target.mean(axis=0) - scale * rotation @ source.mean(axis=0))


def position_errors(found: Cameras, truth: Cameras) -> tuple[Floats, Similarity]:
    """Per camera of ``found``, how far it stands from the one of its name in ``truth`` (in truth's unit) once all
    have been laid on each other by a similarity; and that similarity, from found to truth."""
    place = {name: row for row, name in enumerate(truth.names)}
    there = truth.centres()[[place[name] for name in found.names]]
    similarity = umeyama(found.centres(), there)
    return np.linalg.norm(similarity.points(found.centres()) - there, axis=1), similarity


@dataclass(frozen=True)
class Shape:
    """How well a surface matches the true one. ``median``: of the distances from mesh to truth, same unit."""

    f_score: float
    precision: float
    recall: float
    median: float


def compare_surfaces(
    mesh: Mesh,
    truth: Mesh,
    threshold: float,
    counts: Callable[[Floats], NDArray[np.bool_]] = lambda points: np.ones(len(points), bool),
    samples: int = 200_000,
    seed: int = 0,
) -> Shape:
    """F-score as in Tanks and Temples (Knapitsch et al. 2017), with exact distances to the surfaces.

    ``samples`` points are scattered evenly over each surface. Precision: the share of the mesh's points within
    ``threshold`` of the truth, of those that ``counts`` (points (N, 3) -> (N,) bool) says are meant to be the
    object. Recall: the share of the truth's points within ``threshold`` of the mesh, whole. The F-score is
    their harmonic mean. A mesh without a counting point scores 0.
    """
    random = np.random.default_rng(seed)
    there = _scatter(mesh, samples, random)
    there = there[counts(there)]
    forth = _distances(there, truth)
    back = _distances(_scatter(truth, samples, random), mesh)
    if not len(forth):
        return Shape(0.0, 0.0, float((back <= threshold).mean()), float("inf"))
    precision, recall = float((forth <= threshold).mean()), float((back <= threshold).mean())
    score = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Shape(score, precision, recall, float(np.median(forth)))


def _scatter(mesh: Mesh, count: int, random: np.random.Generator) -> Floats:
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    sides = corners[:, 1:] - corners[:, :1]
    area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1)
    chosen = random.choice(len(area), count, p=area / area.sum())
    u, v = random.random((2, count, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    return corners[chosen, 0] + u * sides[chosen, 0] + v * sides[chosen, 1]


def _distances(points: Floats, mesh: Mesh) -> Floats:
    import open3d as o3d

    scene = o3d.t.geometry.RaycastingScene()
    middle = mesh.vertices.mean(axis=0, dtype=np.float64)  # Embree counts in single precision
    vertices = (mesh.vertices - middle).astype(np.float32)
    scene.add_triangles(o3d.core.Tensor(vertices), o3d.core.Tensor(mesh.faces.astype(np.uint32)))
    asked = o3d.core.Tensor((points - middle).astype(np.float32))
    return scene.compute_distance(asked).numpy().astype(np.float64)


def cylinder(
    axis: tuple[float, float], radius: float, low: float, high: float
) -> Callable[[Floats], NDArray[np.bool_]]:
    """Whether points lie in an upright cylinder: within ``radius`` of ``axis`` (x, z), and y from low to high."""

    def inside(points: Floats) -> NDArray[np.bool_]:
        away = np.hypot(points[:, 0] - axis[0], points[:, 2] - axis[1])
        return (away <= radius) & (points[:, 1] >= low) & (points[:, 1] <= high)

    return inside


def masked_psnr(
    picture: NDArray[np.uint8], photo: NDArray[np.uint8], mask: NDArray[np.bool_], exposure: bool = False
) -> float:
    """Peak signal-to-noise ratio in dB over the pixels of ``mask``, of sRGB values, white as the peak.

    ``picture``, ``photo``: (H, W, 3). With ``exposure`` the picture is first made as light as the photo by one
    factor for the whole of it, that of least squares in linear light: photos differ in exposure, by which
    nobody judges a model. Equal pictures give infinity.
    """
    a, b = picture[mask] / 255.0, photo[mask] / 255.0
    if exposure:
        light, wanted = _to_linear(a), _to_linear(b)
        factor = (light * wanted).sum() / max(float((light**2).sum()), 1e-12)
        a = _to_srgb(np.minimum(light * factor, 1.0))
    error = float(((a - b) ** 2).mean())
    return -10 * float(np.log10(error)) if error > 0 else float("inf")


def _to_linear(stored: Floats) -> Floats:
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def _to_srgb(light: Floats) -> Floats:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
