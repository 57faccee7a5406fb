"""What an attention kernel says of itself, and how it is called."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from meshloom.kernels.attention.device import DeviceCaps
from meshloom.kernels.attention.spec import AttnSpec, MaskKind
from meshloom.kernels.registry import YES, Verdict, no

if TYPE_CHECKING:
    import torch

    from meshloom.kernels.attention.resources import Resources

EVERY_MASK = frozenset(MaskKind)
NO_MASK = frozenset({MaskKind.NONE})


class AttentionError(RuntimeError):
    """A kernel cannot do, or failed at, what was asked. ``fix`` says what would help; ``log`` a compiler's words."""

    def __init__(self, message: str, fix: str = "", log: str = "") -> None:
        super().__init__(message)
        self.fix = fix
        self.log = log


@dataclass(frozen=True)
class Limits:
    """What a kernel takes. ``sm``: (least, most) compute capability times ten, on CUDA."""

    devices: tuple[str, ...] = ("cuda",)
    dtypes: tuple[str, ...] = ("fp16", "bf16")
    head_dim: int = 256
    multiple: int = 8
    sm: tuple[int, int] = (80, 999)
    masks: frozenset[MaskKind] = NO_MASK
    causal: bool = True
    grouped: bool = True
    value_dim: bool = False
    ragged_causal: bool = True

    def refuse(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        """The first thing of ``spec`` or ``device`` that is outside, or yes."""
        if spec.device not in self.devices or device.kind not in self.devices:
            return no(f"runs on {' or '.join(self.devices)}, not on {spec.device}")
        if device.kind == "cuda" and not self.sm[0] <= device.sm <= self.sm[1]:
            most = f" to sm_{self.sm[1]}" if self.sm[1] < 999 else " or newer"
            return no(f"needs sm_{self.sm[0]}{most}; this is sm_{device.sm}")
        if spec.dtype not in self.dtypes:
            return no(f"takes {', '.join(self.dtypes)}, not {spec.dtype}", f"cast to {self.dtypes[-1]}")
        if max(spec.d, spec.dv) > self.head_dim:
            return no(f"takes a head dimension up to {self.head_dim}, not {max(spec.d, spec.dv)}")
        if spec.d % self.multiple or spec.dv % self.multiple:
            return no(f"takes a head dimension that is a multiple of {self.multiple}, not {spec.d}")
        if spec.mask not in self.masks:
            return no(
                f"takes no {spec.mask.value} mask", "drop the padding, or choose a kernel that takes masks"
            )
        if spec.causal and not self.causal:
            return no("is not causal")
        if spec.causal and spec.mask is not MaskKind.NONE:
            return no("takes a mask or causal, not both", "put the causal part into the mask")
        if spec.causal and spec.nq != spec.nk and not self.ragged_causal:
            return no(f"aligns causal at the top left, which differs for {spec.nq} queries of {spec.nk} keys")
        if spec.hq != spec.hkv and not self.grouped:
            return no("takes as many key heads as query heads", "repeat the key heads")
        if spec.dv != spec.d and not self.value_dim:
            return no(f"takes values as wide as keys, not {spec.dv} and {spec.d}")
        if spec.dropout:
            return no("has no dropout: kernels here are for inference")
        return YES


class Kernel:
    """One way to compute attention. Subclasses say what they are in class attributes and implement :meth:`run`.

    ``exact``: differs from the definition by rounding only; others (quantised) must be asked for. ``source``
    says who wrote it, ``packages`` which distributions it needs, ``options`` what may be chosen.
    """

    id: str
    title: str
    exact: bool = True
    licence: str = "BSD-3-Clause"
    source: Literal["torch", "library", "hub", "own"] = "torch"
    packages: tuple[str, ...] = ()
    #: Added after the reason when a package is missing.
    install: str = ""
    limits: Limits = Limits()
    options: ClassVar[Mapping[str, Any]] = {}
    #: Files beside the class's own that decide what it computes.
    sources: tuple[Path, ...] = ()
    #: Equal inputs give equal bits. Checked by the gate.
    deterministic: bool = True
    #: Writes its result into ``out`` itself.
    writes_out: bool = False
    #: Has :meth:`resources`.
    compiles: bool = False
    #: Native code that does not come with torch: the first verification runs in a process of its own.
    risky: bool = False

    def __init__(self, **options: Any) -> None:
        unknown = set(options) - set(self.options)
        if unknown:
            takes = ", ".join(self.options) or "none"
            raise AttentionError(
                f"{self.id} has no option {', '.join(sorted(unknown))}", f"it takes: {takes}"
            )
        self.chosen: dict[str, Any] = {**self.options, **options}

    @property
    def label(self) -> str:
        """The id, with the options that are not as usual: ``own.triton:block_m=64,warps=4``."""
        unusual = [f"{name}={held}" for name, held in self.chosen.items() if held != self.options[name]]
        return f"{self.id}:{','.join(unusual)}" if unusual else self.id

    def installed(self) -> Verdict:
        """Whether what it needs is on this machine. Imports nothing heavy."""
        for name in self.packages:
            if importlib.util.find_spec(name.replace("-", "_")) is None:
                return no(f"{name} is not installed", self.install)
        return YES

    def supports(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        """Whether it can compute ``spec`` on ``device``. Pure: allocates nothing, raises nothing."""
        return self.installed() and self.limits.refuse(spec, device) and self.also(spec, device)

    def also(self, spec: AttnSpec, device: DeviceCaps) -> Verdict:
        """What only this kernel asks for."""
        return YES

    def fingerprint(self, device: DeviceCaps) -> str:
        """A digest of all that decides the bits it returns: its source, options, library versions, the device.

        What consumes a kernel has it in its key, so that another kernel, or an edit of one of ours, runs
        exactly what depends on it.
        """
        import torch

        files = [Path(inspect.getfile(type(self))), *self.sources]
        said = {
            "id": self.id,
            "options": self.chosen,
            "files": [hashlib.sha256(file.read_bytes()).hexdigest() for file in files],
            "versions": {name: _version(name) for name in ("torch", "triton", "numba", *self.packages)},
            "cudnn": torch.backends.cudnn.version() if device.kind == "cuda" else None,
            "device": [device.kind, device.name, device.sm, device.driver],
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:24]

    def __call__(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        *,
        mask: torch.Tensor | None = None,
        causal: bool = False,
        scale: float | None = None,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Attention of ``q`` (B, Nq, Hq, D) to ``k`` (B, Nk, Hkv, D) and ``v`` (B, Nk, Hkv, Dv): (B, Nq, Hq, Dv).

        Unchecked: ask :meth:`supports` first. ``scale``: ``1/sqrt(D)`` when left out.
        """
        scale = q.shape[-1] ** -0.5 if scale is None else scale
        if self.writes_out and out is None:
            out = q.new_empty((*q.shape[:3], v.shape[3]))
        found = self.run(q, k, v, mask, causal, scale, out)
        return found if out is None or found is out else out.copy_(found)

    def run(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        mask: torch.Tensor | None,
        causal: bool,
        scale: float,
        out: torch.Tensor | None,
    ) -> torch.Tensor:
        raise NotImplementedError

    def compiles_for(self, arch: str) -> bool:
        """Whether :meth:`resources` knows ``arch`` (sm_80, sm_90a, ...)."""
        return (
            self.compiles
            and self.limits.sm[0] <= int(arch.removeprefix("sm_").rstrip("a")) <= self.limits.sm[1]
        )

    def resources(self, spec: AttnSpec, arch: str) -> list[Resources]:
        """Registers, spills and the like for ``arch`` (sm_80, ...), without a GPU. Empty where not ours."""
        return []

    def __repr__(self) -> str:
        return f"<{self.id}{self.chosen or ''}>"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
