"""`meshloom bench`: competing implementations timed against each other."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    help="Time competing implementations against each other.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _group() -> None:
    """Keeps `attention` a word of its own while it is the only command."""


@app.command()
def attention(
    spec: Annotated[
        list[str] | None,
        typer.Option("--spec", help="A shape, such as 'b1 h24 n4096 d128 bf16'; may be repeated."),
    ] = None,
    kernel: Annotated[
        list[str] | None,
        typer.Option(
            "--kernel", help="A kernel (own.triton:warps=4); the first is the baseline; may be repeated."
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the best there is when left out.")] = None,
    rounds: Annotated[int, typer.Option(min=6, help="Rounds of each comparison.")] = 10,
    lossy: Annotated[bool, typer.Option("--lossy", help="Also kernels that quantise.")] = False,
    no_gate: Annotated[bool, typer.Option("--no-gate", help="Skip the correctness gate.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
    to: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the whole result there, as JSON.")
    ] = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE", help="Draw speed over length there.")] = None,
) -> int:
    """Compare kernels of attention: what can be used here, on shapes of image models, with the noise told first."""
    from meshloom.kernels.attention.command import run_bench

    return run_bench(spec, kernel, device, rounds, lossy, not no_gate, "-" if as_json else to, svg)
