"""What an implementation says of itself, and the interface that all of them serve."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.registry import Verdict
from meshloom.kernels.splatting.arrays import Camera, Frame, Gaussians, Gradients, Settings

Floats = NDArray[np.float32]


class Rasteriser(Protocol):
    """Draws Gaussians and takes gradients back; a context that frees its threads and memory at its end."""

    threads: int

    def __enter__(self) -> Rasteriser:
        """Itself."""

    def __exit__(self, *raised: Any) -> None:
        """Free everything."""

    def render(self, gaussians: Gaussians, camera: Camera, settings: Settings | None = None) -> Frame:
        """Draw."""

    def backward(
        self,
        frame: Frame,
        colour: Floats | None = None,
        alpha: Floats | None = None,
        depth: Floats | None = None,
        normal: Floats | None = None,
    ) -> Gradients:
        """The gradients of a scalar, given its gradients by the frame's pictures (``None``: zeros)."""

    def together(self, work: Callable[..., object], jobs: Sequence[tuple[Any, ...]]) -> None:
        """``work(*job)`` for all jobs, on its threads."""

    def over(self, work: Callable[[int, int], object], count: int, least: int = 2048) -> None:
        """``work(first, last)`` on even parts of ``range(count)``, on its threads."""


class SplattingError(RuntimeError):
    """A kernel cannot be used, or is none. ``fix`` says what would help."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class Kernel:
    """One implementation. ``allowed``: relative errors (values, gradients) that the gate lets pass, by its precision
    and by what it leaves out on purpose. ``packages``: the distributions it needs.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    licence: ClassVar[str] = "Apache-2.0"
    packages: ClassVar[tuple[str, ...]] = ()
    #: Modules beside its own whose source decides what it computes.
    modules: ClassVar[tuple[str, ...]] = ()
    allowed: ClassVar[tuple[float, float]] = (5e-6, 2e-5)

    def usable(self) -> Verdict:
        """Whether it can be used on this machine. Allocates nothing, raises nothing."""
        return Verdict(True)

    def open(self, threads: int) -> Rasteriser:
        """Ready to draw."""
        raise NotImplementedError

    def device(self) -> str:
        """Where it computes, as a name that enters its fingerprint."""
        return "cpu"

    def fingerprint(self) -> str:
        """A digest of all that decides what it returns: its source, library versions, the device."""
        files = [Path(inspect.getfile(type(self)))]
        for name in self.modules:
            found = importlib.util.find_spec(f"meshloom.kernels.splatting.{name}")
            assert found is not None and found.origin is not None
            files.append(Path(found.origin))
        said = {
            "id": self.id,
            "files": [hashlib.sha256(file.read_bytes()).hexdigest() for file in files],
            "versions": {name: version_of(name) for name in ("numpy", "numba", *self.packages)},
            "device": self.device(),
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:24]


def version_of(package: str) -> str:
    """The version installed; empty where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
