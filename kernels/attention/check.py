"""The gate: what a kernel must get right before anyone times it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.impl.reference import attend64
from meshloom.kernels.attention.inputs import Call, Case, adversarial, fewer_heads
from meshloom.kernels.attention.kernel import Kernel
from meshloom.kernels.attention.masks import causal_mask, four_dimensions, repeat_heads

#: Allowed beyond what rounding makes of the plain computation: FlashAttention's own rule, and a tighter norm.
MAX_FACTOR, NORM_FACTOR = 2.0, 1.1
#: Allowed where the plain computation happens to be exact, in units of the dtype's epsilon.
MAX_FLOOR, NORM_FLOOR = 1.0, 0.25
#: Scores of a captured call that are checked, in elements: 1 GB as double precision; heads beyond are left out.
MOST_SCORES = 1 << 27
#: The signal-to-noise ratio below which a lossy kernel counts as broken, in dB.
LOSSY_SNR = 20.0


@dataclass(frozen=True)
class CaseResult:
    """One case. ``status``: pass, fail, error (it raised) or skip (``message`` says why, as the verdict does).

    ``max_error`` and ``rel_error`` (Frobenius) are against double precision; ``max_plain`` and ``rel_plain`` are
    those of the plain computation in the same dtype, which set the bar.
    """

    name: str
    spec: str
    status: str
    message: str = ""
    max_error: float = math.nan
    rel_error: float = math.nan
    max_plain: float = math.nan
    rel_plain: float = math.nan


@dataclass(frozen=True)
class Report:
    """What the gate found of a kernel."""

    kernel: str
    fingerprint: str
    device: str
    results: tuple[CaseResult, ...]

    @property
    def passed(self) -> bool:
        """Whether something was computed and nothing was wrong."""
        ran = [held.status for held in self.results if held.status != "skip"]
        return bool(ran) and all(status == "pass" for status in ran)

    @property
    def faults(self) -> list[CaseResult]:
        return [held for held in self.results if held.status in ("fail", "error")]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}

    @classmethod
    def from_json(cls, held: dict[str, Any]) -> Report:
        results = tuple(CaseResult(**result) for result in held["results"])
        return cls(held["kernel"], held["fingerprint"], held["device"], results)

    def __str__(self) -> str:
        ran = sum(held.status != "skip" for held in self.results)
        if self.passed:
            return f"{self.kernel} passes {ran} of {ran} cases ({len(self.results) - ran} not supported)"
        if not ran:
            return f"{self.kernel} supports none of the {len(self.results)} cases: {self.results[0].message}"
        told = "; ".join(f"{held.name}: {held.message}" for held in self.faults[:3])
        return f"{self.kernel} fails {len(self.faults)} of {ran} cases: {told}"


def verify(
    kernel: Kernel,
    device: str = "cpu",
    dtypes: Iterable[str] = ("fp32", "fp16", "bf16"),
    dims: Iterable[int] = (64, 128),
    captured: Iterable[tuple[str, Call]] = (),
    progress: Callable[[float, str], None] = lambda share, name: None,
) -> Report:
    """Run the gate: adversarial inputs of all dtypes and head dimensions, then Q, K, V ``captured`` from a model.

    ``progress`` is called with the share done and the case's name; what it raises ends the gate.
    """
    caps = device_caps(device)
    cases = [
        case
        for dtype in dtypes
        for d in dims
        for case in adversarial(dtype, device, d, large=device == "cuda")
    ]
    bounded = [(name, fewer_heads(call, MOST_SCORES)) for name, call in captured]
    cases += [Case(name, call.spec, lambda call=call: call) for name, call in bounded]  # type: ignore[misc]
    results = []
    for index, case in enumerate(cases):
        progress(index / len(cases), case.name)
        results.append(check_case(kernel, case, caps))
    return Report(kernel.id, kernel.fingerprint(caps), str(caps), tuple(results))


def check_case(kernel: Kernel, case: Case, caps: DeviceCaps) -> CaseResult:
    """One case of the gate; a kernel that raises is a result, too."""
    said = f"{case.name}, {case.spec.dtype}"
    verdict = kernel.supports(case.spec, caps)
    if not verdict:
        return CaseResult(said, str(case.spec), "skip", str(verdict))
    try:
        return _check(kernel, said, case.make())
    except Exception as error:  # of any library or compiler
        return CaseResult(said, str(case.spec), "error", f"{type(error).__name__}: {error}")


def _check(kernel: Kernel, name: str, call: Call) -> CaseResult:
    spec = str(call.spec)
    before = [None if tensor is None else tensor.clone() for tensor in call[:4]]
    first = _poisoned(kernel, call)
    for label, tensor, held in zip(("Q", "K", "V", "the mask"), call[:4], before, strict=True):
        if tensor is not None and not torch.equal(tensor, held):  # type: ignore[arg-type]
            return CaseResult(name, spec, "fail", f"changed {label} in place")
    wanted = (*call.q.shape[:3], call.v.shape[3])
    if tuple(first.shape) != wanted or first.dtype != call.q.dtype:
        return CaseResult(name, spec, "fail", f"gave {first.dtype} {tuple(first.shape)}; expected {wanted}")
    if not torch.isfinite(first).all():
        share = 1 - torch.isfinite(first).double().mean().item()
        return CaseResult(
            name, spec, "fail", f"{share:.1%} of the output is not finite: not written, or overflow"
        )
    if kernel.deterministic and not torch.equal(first, _poisoned(kernel, call)):
        return CaseResult(name, spec, "fail", "gave other bits for equal inputs")
    true, lse = attend64(*call)
    return _judge(
        kernel, name, spec, first.double() - true, plain(call).double() - true, true, lse, call.q.dtype
    )


def _judge(
    kernel: Kernel,
    name: str,
    spec: str,
    error: torch.Tensor,
    bar: torch.Tensor,
    true: torch.Tensor,
    lse: torch.Tensor,
    dtype: torch.dtype,
) -> CaseResult:
    size = max(true.norm().item(), 1e-30)
    largest, norm = error.abs().max().item(), error.norm().item() / size
    largest_bar, norm_bar = bar.abs().max().item(), bar.norm().item() / size
    figures = (largest, norm, largest_bar, norm_bar)
    if not kernel.exact:
        snr = -20 * math.log10(max(norm, 1e-30))
        good = snr >= LOSSY_SNR
        message = "" if good else f"signal-to-noise {snr:.1f} dB, at least {LOSSY_SNR:g} expected"
        return CaseResult(name, spec, "pass" if good else "fail", message, *figures)
    epsilon = torch.finfo(dtype).eps
    # Float32 sums of logits as large as these are off by as much, each in its own way.
    logits = lse[torch.isfinite(lse)].abs().max().item() * torch.finfo(torch.float32).eps
    most = MAX_FACTOR * largest_bar + (MAX_FLOOR * epsilon + logits) * min(1.0, true.abs().max().item())
    most_norm = NORM_FACTOR * norm_bar + NORM_FLOOR * epsilon
    if largest > most:
        return CaseResult(name, spec, "fail", f"largest error {largest:.2g}, allowed {most:.2g}", *figures)
    if norm > most_norm:
        return CaseResult(name, spec, "fail", f"relative error {norm:.2g}, allowed {most_norm:.2g}", *figures)
    return CaseResult(name, spec, "pass", "", *figures)


def _poisoned(kernel: Kernel, call: Call) -> torch.Tensor:
    """The output, written over NaN: what a kernel leaves out shows.

    Where the kernel allocates its own result, a block of the same size full of NaN is freed right before, which
    the allocator likes to hand out again.
    """
    q, k, v, mask, causal, scale = call
    poison = torch.full((*q.shape[:3], v.shape[3]), torch.nan, dtype=q.dtype, device=q.device)
    if kernel.writes_out:
        return kernel(q, k, v, mask=mask, causal=causal, scale=scale, out=poison)
    del poison
    return kernel(q, k, v, mask=mask, causal=causal, scale=scale).clone()


def plain(call: Call) -> torch.Tensor:
    """Attention computed plainly in the dtype of the inputs: float32 sums, weights and result rounded to it.

    What any exact kernel does at least to its weights and result, so its error is the bar for theirs. Computed
    with float32 products (exact for half precisions), since products of fp16 take minutes on some processors.
    """
    q, k, v, mask, causal, scale = call
    dtype = q.dtype
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    heads = q.shape[2]
    scale = q.shape[3] ** -0.5 if scale is None else scale
    query = q.to(wide).transpose(1, 2)
    key, value = (repeat_heads(tensor, heads).to(wide).transpose(1, 2) for tensor in (k, v))
    logits = query @ key.transpose(2, 3) * scale
    if mask is not None:
        mask = four_dimensions(mask)
        logits = logits.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else logits + mask.to(wide)
    if causal:
        logits = logits.masked_fill(~causal_mask(q.shape[1], k.shape[1], q.device), -torch.inf)
    weights = torch.softmax(logits, dim=3).nan_to_num(0.0)
    return (weights.to(dtype).to(wide) @ value).to(dtype).transpose(1, 2)
