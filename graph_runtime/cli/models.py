"""`meshloom models`: the models on this machine, and bringing more."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from meshloom.graph_runtime.cli.display import human_bytes
from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models import places
from meshloom.graph_runtime.models.licences import Licence, agree, has_agreed, licence_of, read_card
from meshloom.graph_runtime.models.values import DTYPES, OFFLOADS, QUANTISATIONS

app = typer.Typer(help="Look after the models on this machine.", no_args_is_help=True, rich_markup_mode=None)

_Source = Annotated[str, typer.Argument(help="A name on the Hub (owner/name), or a folder.")]
_Revision = Annotated[str, typer.Option("--revision", help="Commit, tag or branch.")]
_Json = Annotated[bool, typer.Option("--json")]


@app.command("list")
def list_models(
    as_json: _Json = False,
    known: Annotated[
        bool, typer.Option("--known", help="Also models worth knowing of that are not here.")
    ] = False,
) -> int:
    """Show the models on this machine, their size, licence and state."""
    from meshloom.graph_runtime.models.known import KNOWN
    from meshloom.graph_runtime.models.shelf import held_models

    held = held_models()
    if as_json:
        here = {model.source for model in held}
        more = [_known_json(model) for model in KNOWN if known and model.source not in here]
        typer.echo(json.dumps([*(_held_json(model) for model in held), *more], indent=2))
        return 0
    for model in held:
        commit = f" @ {model.commit[:12]}" if model.commit else ""
        typer.echo(f"{model.source}{commit}")
        state = f", {model.state}" if model.state else ""
        kind = model.pipeline or "?"
        typer.echo(f"  {kind}, {human_bytes(model.bytes)}, licence {model.licence.name}{state}")
    total = human_bytes(sum(model.bytes for model in held))
    typer.echo(f"{len(held)} models, {total}, in {places.hub_folder()}")
    if known:
        here = {model.source for model in held}
        for each in KNOWN:
            if each.source not in here:
                typer.echo(f"\n{each.source}, not on this machine: {each.purpose}")
                typer.echo(f"  {each.pipeline}, about {human_bytes(each.bytes)}")
                typer.echo(f"  licence {each.licence.name} ({each.licence.kind}): {each.licence.meaning}")
                typer.echo(f"  meshloom models pull {each.source}")
    return 0


def _held_json(model: Any) -> dict[str, Any]:
    return {
        **{name: getattr(model, name) for name in ("source", "commit", "pipeline", "bytes", "state")},
        "folder": str(model.folder),
        "licence": model.licence.name,
        "licence_kind": model.licence.kind,
    }


def _known_json(model: Any) -> dict[str, Any]:
    return {
        **{name: getattr(model, name) for name in ("source", "pipeline", "bytes", "purpose")},
        "commit": "",
        "state": "not here",
        "licence": model.licence.name,
        "licence_kind": model.licence.kind,
    }


@app.command()
def pull(
    source: _Source,
    revision: _Revision = "",
    accept: Annotated[
        bool, typer.Option("--accept-licence", help="Agree to the licence without being asked.")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be fetched.")] = False,
) -> int:
    """Fetch a model from the Hub, or what is missing of it; go on where an earlier pull was stopped."""
    from meshloom.graph_runtime.models import hub

    if not places.is_hub_id(source):
        raise ModelError(f"{source} is no name on the Hub", "expected owner/name")
    plan = hub.look_up(source, revision)
    typer.echo(f"{plan.source} @ {plan.commit[:12]}: {len(plan.files)} files, {human_bytes(plan.bytes)}")
    typer.echo(f"to fetch  {human_bytes(plan.missing)} into {places.hub_folder()}")
    _tell_licence(plan.licence)
    if dry:
        for file in plan.files:
            typer.echo(f"  {human_bytes(file.size):>9}  {file.name}")
        return 0
    hub.check_disk(plan)
    _ask_consent(source, plan.licence, accept)
    shown = _Bar()
    try:
        folder = hub.fetch(plan, shown)
    finally:
        shown.close()
    typer.echo(f"whole and checked: {folder}")
    return 0


def _tell_licence(licence: Licence) -> None:
    typer.echo(f"licence   {licence.name} ({licence.kind})")
    typer.echo(f"  {licence.meaning}")
    if licence.link:
        typer.echo(f"  {licence.link}")


def _ask_consent(source: str, licence: Licence, accepted: bool) -> None:
    if has_agreed(source, licence):
        return
    if not accepted:
        if not sys.stdin.isatty():
            raise ModelError(
                f"the licence of {source} ({licence.name}) has not been agreed to",
                f"read it above, then: meshloom models pull {source} --accept-licence",
            )
        typer.confirm("Do you agree to the licence?", abort=True)
    agree(source, licence)


class _Bar:
    """How far a pull is: a line that is written over in a terminal, a line per tenth elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._said = -1

    def __call__(self, done: int, total: int, name: str) -> None:
        share = int(100 * done / total) if total else 100
        step = share if self._live else share // 10
        if step == self._said:
            return
        self._said = step
        text = f"{share:3d} %  {human_bytes(done)} of {human_bytes(total)}  {name}"
        if self._live:
            sys.stderr.write(f"\r\x1b[K{text[:100]}")
            sys.stderr.flush()
        else:
            typer.echo(text, err=True)

    def close(self) -> None:
        if self._live and self._said >= 0:
            sys.stderr.write("\n")


@app.command()
def inspect(
    source: _Source,
    revision: _Revision = "",
    dtype: Annotated[str, typer.Option(help=f"Load as: {', '.join(DTYPES)}.")] = "bfloat16",
    offload: Annotated[str, typer.Option(help=f"One of {', '.join(OFFLOADS)}.")] = "none",
    quantisation: Annotated[str, typer.Option(help=f"One of {', '.join(QUANTISATIONS)}.")] = "none",
    as_json: _Json = False,
) -> int:
    """Load a model dry: which weights are missing, too many or of another shape, and the memory it would take.

    Exit code 1 if it would not load whole.
    """
    from meshloom.graph_runtime.models.examine import examine

    held = examine(source, revision, dtype, offload, quantisation)
    if as_json:
        parts = [{**vars(part), "loads": part.loads} for part in held.parts]
        said = {"folder": str(held.found.folder), "commit": held.found.commit, "loads": held.sound}
        guess = vars(held.estimate) if held.estimate else None
        typer.echo(json.dumps({**said, "parts": parts, "estimate": guess}, indent=2))
        return 0 if held.sound else 1
    typer.echo(f"{held.found.folder}")
    _tell_licence(held.licence)
    for part in held.parts:
        _tell_part(part)
    if held.estimate is not None:
        typer.echo(
            f"memory    {human_bytes(held.estimate.device)} on the device,"
            f" {human_bytes(held.estimate.host)} beside it (weights); {human_bytes(held.free)} free here"
        )
    if held.too_large is not None:
        typer.echo("  " + "\n  ".join(held.too_large))
    typer.echo("loads whole" if held.sound else "does not load whole")
    return 0 if held.sound else 1


def _tell_part(part: Any) -> None:
    kinds = ", ".join(f"{human_bytes(size)} {kind}" for kind, size in part.dtypes)
    typer.echo(
        f"{part.name or part.class_name}: {part.class_name}, {part.parameters:,} parameters, {kinds or '-'}"
    )
    if part.fault:
        typer.echo(f"  {part.fault}" + (f"\n  {part.hint}" if part.hint else ""))
    shapes = [f"{name} {list(have)}, expected {list(want)}" for name, have, want in part.mismatched]
    for word, names in (
        ("missing", part.missing),
        ("too many", part.unexpected),
        ("of another shape", shapes),
        ("of a type that cannot be loaded", part.odd),
    ):
        if names:
            typer.echo(f"  {len(names)} {word}:")
            for name in names[:10]:
                typer.echo(f"    {name}")
            if len(names) > 10:
                typer.echo(f"    and {len(names) - 10} more (--json tells all)")


@app.command()
def check(source: _Source, revision: _Revision = "") -> int:
    """Hash the files of a model from the Hub and tell which have changed since they were fetched."""
    from meshloom.graph_runtime.models import hub

    found = places.find(source, revision)
    shown = _Bar()
    try:
        count = hub.check(source, found.folder, shown)
    finally:
        shown.close()
    typer.echo(f"{human_bytes(count)} are as they were fetched")
    return 0


@app.command()
def remove(
    source: _Source,
    revision: _Revision = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Remove a model, or one revision of it, from the Hub's cache."""
    from meshloom.graph_runtime.models.shelf import remove as take_away

    if not yes:
        typer.confirm(f"Remove {source}{f' @ {revision}' if revision else ''}?", abort=True)
    typer.echo(f"{human_bytes(take_away(source, revision))} freed")
    return 0


@app.command()
def convert(
    path: Annotated[Path, typer.Argument(help="A file of pickled weights, or a folder that holds some.")],
) -> int:
    """Write pickled weights (.bin, .pt, .ckpt) as safetensors beside them; refuse any that would run code."""
    from meshloom.graph_runtime.models.convert import convert as rewrite

    place = path if path.exists() else places.find(str(path)).folder
    written = rewrite(place, lambda done, total, name: typer.echo(f"{name}", err=True) if name else None)
    for file in written:
        typer.echo(f"{file}  {human_bytes(file.stat().st_size)}")
    typer.echo(f"{len(written)} files written; the pickled ones are still there")
    return 0


@app.command()
def licence(
    source: _Source,
    revision: _Revision = "",
    accept: Annotated[
        bool, typer.Option("--accept", help="Agree to it; kept, so that nobody asks again.")
    ] = False,
) -> int:
    """Show the licence of a model on this machine and what it asks of you."""
    found = places.find(source, revision)
    held = licence_of(read_card(found.folder))
    _tell_licence(held)
    if accept:
        agree(found.source, held)
    typer.echo("agreed to" if has_agreed(found.source, held) else "not agreed to on this machine")
    return 0


@app.command()
def tiny(
    folder: Annotated[Path, typer.Argument(help="Where to write it; must not exist.")],
    pipeline: Annotated[
        str, typer.Option(help="Which class it is a tiny copy of.")
    ] = "QwenImageEditPlusPipeline",
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> int:
    """Write a tiny checkpoint of random weights, whose pictures are noise, for trying what surrounds a model."""
    from meshloom.graph_runtime.models.loading import libraries
    from meshloom.graph_runtime.models.tiny import KINDS, write

    if pipeline not in KINDS:
        raise ModelError(f"there is no tiny {pipeline}", f"expected one of {', '.join(KINDS)}")
    if folder.exists():
        raise ModelError(f"{folder} exists already", "name a new folder")
    libraries()
    write(folder, pipeline, seed)
    typer.echo(f"{folder}: a {pipeline} of random weights; its pictures are noise")
    return 0
