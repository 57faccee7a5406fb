"""A kernel at work inside a model: each call checked, counted, and never replaced in silence."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from meshloom.kernels.attention import isolated, registry
from meshloom.kernels.attention.device import DeviceCaps, device_caps
from meshloom.kernels.attention.kernel import AttentionError, Kernel
from meshloom.kernels.attention.masks import causal_mask
from meshloom.kernels.attention.spec import AttnSpec

if TYPE_CHECKING:
    import torch

    from meshloom.kernels.attention.inputs import Call


class Policy:
    """Which kernel computes the attention calls of a model. ``fallbacks``: tried in order for a call that
    ``kernel`` cannot compute; without any such a call raises :class:`AttentionError`, naming the call, the reason
    and what would work.

    ``calls`` counts by (spec, id of the kernel that computed it). The first result of each spec is looked at: NaN
    where the inputs have none is an error and not a black picture. A kernel of native code that is not torch's
    passes the gate in a process of its own before it computes anything here. ``keep``: so many calls of each spec
    are kept in ``captured`` for the gate: the first, second, fourth and so on, so that they come from all depths of
    the model. ``timed``: :attr:`seconds` is told.
    """

    def __init__(
        self, kernel: Kernel, fallbacks: Sequence[Kernel] = (), keep: int = 0, timed: bool = False
    ) -> None:
        self.kernel = kernel
        self.fallbacks = tuple(fallbacks)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.captured: list[tuple[str, Call]] = []
        #: Why calls of a spec were not computed by the kernel, where they were not.
        self.refusals: dict[str, str] = {}
        self._keep = keep
        self._timed = timed
        self._seen: Counter[AttnSpec] = Counter()
        self._spent = 0.0
        self._events: list[tuple[Any, Any]] = []
        self._chosen: dict[AttnSpec, Kernel] = {}
        self._caps: dict[str, DeviceCaps] = {}

    @property
    def fell_back(self) -> int:
        """How many calls another kernel than the chosen one computed."""
        return sum(count for (_, name), count in self.calls.items() if name != self.kernel.id)

    @property
    def fell_back_because(self) -> str:
        """How many calls fell back, to what and why, in a line; empty where none did."""
        if not self.fell_back:
            return ""
        others = sorted({name for (_, name) in self.calls if name != self.kernel.id})
        spec, reason = next(iter(self.refusals.items()))
        return (
            f"{self.fell_back} of {sum(self.calls.values())} attention calls were computed by"
            f" {', '.join(others)}: {self.kernel.id} cannot compute {spec}: {reason}"
        )

    @property
    def seconds(self) -> float:
        """Of all calls together: on CUDA by events, else processor time divided by threads. 0 unless timed."""
        if self._events:
            import torch

            torch.cuda.synchronize()
            self._spent += sum(begin.elapsed_time(end) / 1000 for begin, end in self._events)
            self._events.clear()
        return self._spent

    def _choose(self, spec: AttnSpec) -> Kernel:
        caps = self._caps.setdefault(spec.device, device_caps(spec.device))
        for kernel in (self.kernel, *self.fallbacks):
            verdict = kernel.supports(spec, caps)
            if verdict:
                isolated.clear(kernel, spec.device)
                return kernel
            if kernel is self.kernel:
                self.refusals[str(spec)] = verdict.reason
        registry.need(self.kernel, spec, caps)
        raise AssertionError("need() raises where the kernel cannot")

    def __call__(
        self,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        mask: torch.Tensor | None = None,
        causal: bool = False,
        scale: float | None = None,
        dropout: float = 0.0,
    ) -> torch.Tensor:
        """(B, S, H, D) in and out; ``causal`` aligned at the bottom right."""
        import torch

        if dropout:
            raise AttentionError(
                "the model asks for dropout in attention", "put it into evaluation mode: model.eval()"
            )
        if mask is not None and mask.dtype != torch.bool and mask.dtype != q.dtype:
            mask = mask.to(q.dtype)
        if mask is not None and causal:
            below = causal_mask(q.shape[1], k.shape[1], q.device)
            mask = mask & below if mask.dtype == torch.bool else mask.masked_fill(~below, -torch.inf)
            causal = False
        spec = AttnSpec.of(q, k, v, mask, causal)
        first = spec not in self._chosen
        kernel = self._chosen[spec] = self._chosen.get(spec) or self._choose(spec)
        self._seen[spec] += 1
        nth = self._seen[spec]
        if nth.bit_count() == 1 and nth.bit_length() <= self._keep:
            from meshloom.kernels.attention.inputs import Call

            held = Call(*(None if t is None else t.detach().clone() for t in (q, k, v, mask)), causal, scale)
            self.captured.append((f"call {sum(self.calls.values()) + 1}", held))
        self.calls[str(spec), kernel.id] += 1
        try:
            out = self._compute(kernel, q, k, v, mask, causal, scale)
        except AttentionError:
            raise
        except torch.OutOfMemoryError:
            raise  # whoever runs the model knows what to free
        except Exception as error:
            raise AttentionError(f"{kernel.id} failed on {spec}: {type(error).__name__}: {error}") from error
        if first and not torch.isfinite(out).all() and all(torch.isfinite(t).all() for t in (q, k, v)):
            raise AttentionError(
                f"{kernel.id} gave NaN or infinity on {spec}, though its inputs have none",
                "choose another kernel; `meshloom bench attention` runs this one through the gate",
            )
        return out

    def _compute(self, kernel: Kernel, q, k, v, mask, causal, scale) -> torch.Tensor:  # type: ignore[no-untyped-def]
        import torch

        if not self._timed:
            return kernel(q, k, v, mask=mask, causal=causal, scale=scale)
        if q.device.type == "cuda":
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            out = kernel(q, k, v, mask=mask, causal=causal, scale=scale)
            end.record()
            self._events.append((begin, end))
            return out
        began = time.process_time()
        out = kernel(q, k, v, mask=mask, causal=causal, scale=scale)
        self._spent += (time.process_time() - began) / max(1, torch.get_num_threads())
        return out


def top_left(mask: torch.Tensor | None, causal: bool, q: torch.Tensor, k: torch.Tensor):  # type: ignore[no-untyped-def]
    """(mask, causal) with torch's reading of causal, aligned at the top left, turned into ours.

    ``q``, ``k``: (B, S, H, D). They differ only where there are more keys than queries, or fewer.
    """
    import torch

    if not causal or q.shape[1] == k.shape[1]:
        return mask, causal
    below = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool, device=q.device).tril()
    if mask is None:
        return below[None, None], False
    return (mask & below if mask.dtype == torch.bool else mask.masked_fill(~below, -torch.inf)), False
