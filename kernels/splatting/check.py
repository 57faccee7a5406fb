"""The gate: what a kernel must get right before anyone uses or times it.

Pictures and the gradients by every input are held against plain torch in double precision, on scenes made to be
awkward: thin needles, near and far, half outside, behind the camera, opaque walls, a principal point off the middle,
a size that no tile divides, more tiles than one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from meshloom.kernels.splatting import reference
from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
from meshloom.kernels.splatting.kernel import Kernel, Rasteriser

PARTS = ("means", "quaternions", "scales", "opacities", "sh")
PICTURES = ("colour", "alpha", "depth", "normal")


@dataclass(frozen=True)
class Case:
    """A scene, a camera and how to draw it."""

    name: str
    gaussians: Gaussians
    camera: Camera
    settings: Settings


@dataclass(frozen=True)
class CaseResult:
    """Relative errors in the Euclidean norm, the worst of all pictures and of all gradients, and of which."""

    name: str
    passed: bool
    values: float = math.nan
    gradients: float = math.nan
    worst: str = ""
    message: str = ""


@dataclass(frozen=True)
class Report:
    """What the gate found."""

    kernel: str
    results: tuple[CaseResult, ...]

    @property
    def passed(self) -> bool:
        return bool(self.results) and all(held.passed for held in self.results)

    def __str__(self) -> str:
        bad = [held for held in self.results if not held.passed]
        if not bad:
            return f"{self.kernel} passes {len(self.results)} of {len(self.results)} cases"
        told = "; ".join(
            f"{held.name}: {held.message or f'{held.worst} is off by {max(held.values, held.gradients):.1e}'}"
            for held in bad[:3]
        )
        return f"{self.kernel} fails {len(bad)} of {len(self.results)} cases: {told}"


def _cloud(count: int, degree: int, seed: int, spread: float = 1.0) -> Gaussians:
    random = np.random.default_rng(seed)
    return Gaussians(
        (random.normal(size=(count, 3)) * [1.2 * spread, 0.8 * spread, 1]).astype(np.float32),
        random.normal(size=(count, 4)).astype(np.float32),
        np.exp(random.normal(size=(count, 3)) * 0.6 - 1.8).astype(np.float32),
        random.uniform(0.05, 0.98, count).astype(np.float32),
        (random.normal(size=(count, (degree + 1) ** 2, 3)) * 0.3).astype(np.float32),
    )


def _camera(width: int, height: int, off: float = 0.0, distance: float = 3.0) -> Camera:
    a, b = 0.3, 0.2
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    lens = (width * 1.1, width * 1.05, width * (0.48 + off), height * (0.53 - off))
    return Camera(*lens, about_y @ about_x, np.array([0.1, -0.2, distance]), width, height)


def cases() -> Iterator[Case]:
    """Those of the gate. Places are drawn by a fixed seed."""
    for degree in range(4):
        antialiased = degree % 2 == 1
        settings = Settings(antialiased=antialiased, geometry=True)
        name = f"degree {degree}{', antialiased' if antialiased else ''}"
        yield Case(name, _cloud(70, degree, degree), _camera(44, 35), settings)
    needles = _cloud(60, 1, 11)
    needles.scales[:, 0] *= 8
    needles.scales[:, 1] *= 0.05
    yield Case("needles", needles, _camera(51, 38), Settings(geometry=True))
    yield Case(
        "around the camera", _cloud(80, 0, 12, 2.0), _camera(40, 40, 0.2, 0.8), Settings(geometry=True)
    )
    walls = _cloud(25, 2, 13)
    walls.scales[:] *= 6
    walls.opacities[:] = 0.97
    yield Case("walls, one after the other", walls, _camera(36, 29), Settings(geometry=True))
    spread = _cloud(90, 1, 15, 1.3)
    spread.scales[:30] *= 0.3
    spread.scales[80:] *= 5
    yield Case("more tiles than one", spread, _camera(147, 141), Settings(geometry=True))
    faint = _cloud(120, 0, 14)
    faint.opacities[:] *= 0.05
    yield Case("faint", faint, _camera(33, 31), Settings(antialiased=True))


def verify(kernel: Kernel, progress: Callable[[float, str], None] = lambda share, name: None) -> Report:
    """Run the gate. What ``progress`` raises ends it; a kernel that raises fails."""
    held = list(cases())
    results = []
    with kernel.open(2) as rasteriser:
        for index, case in enumerate(held):
            progress(index / len(held), case.name)
            try:
                results.append(check(rasteriser, case, kernel.allowed))
            except Exception as error:  # of any library, compiler or driver
                results.append(CaseResult(case.name, False, message=f"{type(error).__name__}: {error}"))
    return Report(kernel.id, tuple(results))


def check(rasteriser: Rasteriser, case: Case, allowed: tuple[float, float]) -> CaseResult:
    """One case: pictures within ``allowed[0]`` of double precision, gradients within ``allowed[1]``."""
    gaussians, camera, settings = case.gaussians, case.camera, case.settings
    arrays = [getattr(gaussians, part) for part in PARTS]
    leaves = [
        torch.tensor(np.asarray(array, np.float64), requires_grad=True)
        for array in (*arrays, camera.rotation, camera.shift)
    ]
    lens, size = (camera.fx, camera.fy, camera.cx, camera.cy), (camera.width, camera.height)
    drawn = reference.blend(reference.project(*leaves, lens, size, settings), *size)
    pictures = dict(zip(PICTURES, (drawn.colour, 1 - drawn.left, drawn.depth, drawn.normal), strict=True))
    if not settings.geometry:
        pictures = {name: pictures[name] for name in PICTURES[:2]}
    random = np.random.default_rng(5)
    slopes = {name: random.normal(size=tuple(picture.shape)) for name, picture in pictures.items()}
    total = torch.stack(
        [(picture * torch.tensor(slopes[name])).sum() for name, picture in pictures.items()]
    ).sum()
    true = torch.autograd.grad(total, leaves)
    before = [array.copy() for array in arrays]
    frame = rasteriser.render(gaussians, camera, settings)
    given = [slopes[name].astype(np.float32) if name in slopes else None for name in PICTURES]
    found = rasteriser.backward(frame, *given)
    for part, array, held in zip(PARTS, arrays, before, strict=True):
        if not np.array_equal(array, held):
            return CaseResult(case.name, False, message=f"changed {part} in place")
    errors = {name: _off(getattr(frame, name), picture) for name, picture in pictures.items()}
    slants = {
        name: _off(getattr(found, name), gradient)
        for name, gradient in zip((*PARTS, "rotation", "shift"), true, strict=True)
    }
    values, gradients = max(errors.values()), max(slants.values())
    passed = values <= allowed[0] and gradients <= allowed[1]
    worst = max(errors, key=errors.__getitem__) if values > allowed[0] else ""
    if not worst and gradients > allowed[1]:
        worst = f"the gradient by {max(slants, key=slants.__getitem__)}"
    return CaseResult(case.name, passed, values, gradients, worst)


def _off(found: NDArray[np.floating] | None, true: torch.Tensor) -> float:
    expected = true.detach().numpy()
    if found is None or found.shape != expected.shape or not np.isfinite(found).all():
        return math.inf
    return float(np.linalg.norm(found - expected) / max(float(np.linalg.norm(expected)), 1e-12))
