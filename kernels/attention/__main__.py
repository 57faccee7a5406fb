"""The attention benchmark as a command of its own, for a machine that has torch and a copy of the folder ``kernels``.

    python -m meshloom.kernels.attention bench --json result.json
    python path/to/kernels/attention bench --device cuda

The second form needs no installation: nothing but torch is imported until a kernel asks for more.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path


def _name_package() -> None:
    """Make the folder three levels up importable as ``meshloom`` where that is not installed."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    if importlib.util.find_spec("meshloom") is None:
        root = here.parent.parent
        spec = importlib.util.spec_from_file_location(
            "meshloom", root / "__init__.py", submodule_search_locations=[str(root)]
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["meshloom"] = module
        spec.loader.exec_module(module)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="attention", description="Attention kernels: check, compare, explain."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    bench = commands.add_parser("bench", help="time kernels against each other")
    add_bench_arguments(bench)
    explain = commands.add_parser(
        "explain", help="say of every kernel whether it can compute a spec, and why not"
    )
    explain.add_argument("spec")
    explain.add_argument("--device", default=None)
    verify = commands.add_parser("verify", help="run a kernel through the gate")
    verify.add_argument("kernel")
    verify.add_argument("--options", default="{}", help="JSON")
    verify.add_argument("--device", default="cpu")
    verify.add_argument("--dtypes", default="fp32,fp16,bf16")
    verify.add_argument("--dims", default="64,128")
    report = commands.add_parser("compile", help="compile a kernel of ours and tell its registers")
    report.add_argument("kernel")
    report.add_argument("--options", default="{}", help="JSON")
    report.add_argument("--spec", required=True)
    report.add_argument("--arch", required=True)
    chosen = parser.parse_args(arguments)
    return {"bench": _bench, "explain": _explain, "verify": _verify, "compile": _compile}[chosen.command](
        chosen
    )


def add_bench_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--spec", action="append", help="such as 'b1 h24 n4096 d128 bf16'; may be repeated")
    parser.add_argument(
        "--kernel",
        action="append",
        help="such as own.triton:block_m=64,warps=4; the first is the baseline; may be repeated",
    )
    parser.add_argument("--device", default=None, help="cpu or cuda; the best there is when left out")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--lossy", action="store_true", help="also kernels that quantise")
    parser.add_argument("--no-gate", action="store_true", help="skip the correctness gate")
    parser.add_argument(
        "--json", default=None, metavar="FILE", help="write the whole result; - for the terminal"
    )
    parser.add_argument("--svg", default=None, metavar="FILE", help="draw speed over length")


def _bench(chosen: argparse.Namespace) -> int:
    from meshloom.kernels.attention.command import run_bench

    return run_bench(
        specs=chosen.spec,
        kernels=chosen.kernel,
        device=chosen.device,
        rounds=chosen.rounds,
        lossy=chosen.lossy,
        gate=not chosen.no_gate,
        json_to=chosen.json,
        svg_to=chosen.svg,
    )


def _explain(chosen: argparse.Namespace) -> int:
    from meshloom.kernels.attention.device import device_caps
    from meshloom.kernels.attention.registry import explain
    from meshloom.kernels.attention.spec import AttnSpec

    caps = device_caps(chosen.device)
    spec = AttnSpec.parse(chosen.spec, caps.kind)
    for held in explain(spec, caps):
        print(f"{held.kernel.id:<20} {held.verdict}")
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    from meshloom.kernels.attention.check import verify
    from meshloom.kernels.attention.isolated import MARK
    from meshloom.kernels.attention.registry import get

    dims = [int(d) for d in chosen.dims.split(",")]
    kernel = get(chosen.kernel, **json.loads(chosen.options))
    report = verify(kernel, chosen.device, chosen.dtypes.split(","), dims)
    print(MARK + json.dumps(report.to_json()))
    print(report)
    return 0 if report.passed else 1


def _compile(chosen: argparse.Namespace) -> int:
    from dataclasses import asdict

    from meshloom.kernels.attention.isolated import MARK
    from meshloom.kernels.attention.registry import get
    from meshloom.kernels.attention.spec import AttnSpec

    kernel = get(chosen.kernel, **json.loads(chosen.options))
    held = kernel.resources(AttnSpec.parse(chosen.spec, "cuda"), chosen.arch)
    print(MARK + json.dumps([asdict(one) for one in held]))
    return 0


if __name__ == "__main__":
    _name_package()
    sys.exit(main())
