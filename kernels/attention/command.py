"""What `meshloom bench attention` and the script of its own do: choose, measure, print."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from meshloom.kernels.attention import registry
from meshloom.kernels.attention.bench import Plan, Result, SpecResult, compare
from meshloom.kernels.attention.device import device_caps
from meshloom.kernels.attention.kernel import AttentionError, Kernel
from meshloom.kernels.attention.plot import svg_of
from meshloom.kernels.attention.spec import AttnSpec, SpecSyntaxError

#: Measured when nothing is said: on the CPU what takes a minute; on CUDA powers of two and the lengths that
#: Qwen-Image (text and one to three images of 1024 x 1024) asks for.
CPU_SPECS = ("b1 h8 n512 d128 bf16", "b1 h8 n1024 d128 bf16", "b1 h8 n1024 d64 bf16", "b1 h8 n1024 d128 fp32")
CUDA_SPECS = (
    *(f"b1 h24 n{n} d128 bf16" for n in (1024, 2048, 4096, 4156, 8192, 8448, 12740, 16384, 17032)),
    *(f"b1 h24 n{n} d64 bf16" for n in (4096, 16384)),
    *(f"b1 h24 n{n} d128 bf16 causal" for n in (4096, 16384)),
)
_READINGS = ("clock", "power", "temperature")
#: Too slow to be an opponent unless named.
CHECKING_ONLY = ("reference.fp64", "flex", "sdpa.math", "own.triton")


def run_bench(
    specs: Sequence[str] | None = None,
    kernels: Sequence[str] | None = None,
    device: str | None = None,
    rounds: int = 10,
    lossy: bool = False,
    gate: bool = True,
    json_to: str | None = None,
    svg_to: str | None = None,
) -> int:
    """Measure and print; the exit code: 0 done, 1 a kernel failed, 2 the request was wrong.

    Files hold what there is after each shape, so that a run that is ended leaves what it measured.
    """
    caps = device_caps(device)
    try:
        default = CUDA_SPECS if caps.kind == "cuda" else CPU_SPECS
        wanted = [AttnSpec.parse(text, caps.kind) for text in specs or default]
        chosen = [registry.parse(name) for name in kernels] if kernels else choose(wanted, lossy)
    except (SpecSyntaxError, AttentionError) as error:
        print(f"meshloom: {error}\n  {getattr(error, 'fix', '')}".rstrip(), file=sys.stderr)
        return 2

    def progress(share: float, message: str) -> None:
        if sys.stderr.isatty():
            print(f"\r{share:4.0%} {message[:70]:<70}", end="", file=sys.stderr, flush=True)

    def keep(found: Result) -> None:
        if json_to and json_to != "-":
            Path(json_to).write_text(json.dumps(clean(found.to_json()), indent=1) + "\n", encoding="utf-8")
        if svg_to:
            Path(svg_to).write_text(svg_of(found), encoding="utf-8")

    result = compare(chosen, wanted, Plan(rounds=rounds, gate=gate), progress, keep)
    if sys.stderr.isatty():
        print("\r" + " " * 76 + "\r", end="", file=sys.stderr)
    if json_to == "-":
        print(json.dumps(clean(result.to_json()), indent=1))
    else:
        print(text_of(result))
    return 1 if any(row.status == "failed" for _, row in result.rows) else 0


def choose(specs: Sequence[AttnSpec], lossy: bool = False) -> list[Kernel]:
    """Those that can compute any of ``specs``, torch's own choice first as the baseline."""
    found: dict[str, Kernel] = {}
    for spec in specs:
        for kernel in registry.candidates(spec, lossy=lossy):
            on_cuda = spec.device == "cuda" and kernel.id in ("flex", "own.triton")
            if on_cuda or kernel.id not in CHECKING_ONLY:
                found.setdefault(kernel.id, kernel)
    return sorted(found.values(), key=lambda kernel: kernel.id != "sdpa.default")


def clean(held: object) -> object:
    """JSON has no NaN: null instead."""
    if isinstance(held, float) and not math.isfinite(held):
        return None
    if isinstance(held, dict):
        return {name: clean(value) for name, value in held.items()}
    return [clean(value) for value in held] if isinstance(held, list | tuple) else held


def text_of(result: Result) -> str:
    """The result for a terminal: the null first, then a row for each kernel."""
    said = result.conditions
    lines = [f"{said['device']}, torch {said['versions']['torch']}, {said['threads']} threads"]
    if said["kind"] == "cpu":
        lines.append("times: processor time divided by threads")
    for held in result.specs:
        lines += ["", *_spec_lines(held)]
    best = result.best()
    return "\n".join([*lines, "", f"best exact kernel: {best}"] if best else lines)


def _spec_lines(held: SpecResult) -> list[str]:
    head = f"{held.spec}   ({held.tflop:.3g} TFLOP; matrix product {held.gemm_tflops:.3g} TFLOP/s"
    head += f"; others' load {held.foreign_load:.0%})" if held.foreign_load == held.foreign_load else ")"
    null = "  A/A: not measured"
    if held.null is not None:
        low, high = held.null.low, held.null.high
        null = f"  A/A: {held.null.middle:.3f} [{low:.3f}, {high:.3f}], noise \u00b1 {held.noise:.1%}"
    lines = [head, null]
    if held.readings:
        clocks, watts, degrees = ([getattr(one, name) for one in held.readings] for name in _READINGS)
        lines.append(
            f"  clock {min(clocks):.0f} to {max(clocks):.0f} MHz, {max(watts):.0f} W, {max(degrees):.0f} \u00b0C"
        )
    if held.drifted:
        lines.append(f"  clocks drifted in rounds {', '.join(str(index + 1) for index in held.drifted)}")
    for row in held.rows:
        if row.status != "ok":
            lines.append(f"  {row.kernel:<18} {row.status}: {row.reason}")
            continue
        speed = f"{row.tflops:8.3f} TFLOP/s" + (f" {row.gemm_share:4.0%}" if row.gemm_share > 0 else "     ")
        ratio = f"{row.speedup:6.3f}x [{row.speedup_low:.3f}, {row.speedup_high:.3f}] {row.verdict}"
        lines.append(
            f"  {row.kernel:<18} {row.ms:9.2f} ms [{row.ms_low:.2f}, {row.ms_high:.2f}] {speed}"
            f"  {ratio if row.verdict else ''}  rel {row.rel_error:.1e}{'' if row.exact else ' lossy'}"
        )
    return lines
