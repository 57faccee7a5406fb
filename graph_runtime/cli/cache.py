"""`meshloom cache`: what is kept on disk."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from meshloom.graph_runtime.cli.display import human_bytes
from meshloom.graph_runtime.cli.open import disk_budget
from meshloom.graph_runtime.disk import DiskStore
from meshloom.graph_runtime.engine import default_cache_folder

app = typer.Typer(help="Look after the results kept on disk.", no_args_is_help=True, rich_markup_mode=None)


def _store() -> DiskStore:
    def trouble(message: str) -> None:
        typer.echo(f"warning: {message}", err=True)

    return DiskStore(default_cache_folder(), disk_budget(), on_trouble=trouble)


@app.command()
def info(as_json: Annotated[bool, typer.Option("--json")] = False) -> int:
    """How much is kept, and where."""
    store = _store()
    said = store.info()
    store.close()
    if as_json:
        typer.echo(json.dumps(said))
        return 0
    typer.echo(f"folder   {said['folder']}{'' if said['writable'] else ' (read-only)'}")
    typer.echo(f"results  {said['records']} of {said['values']} values")
    typer.echo(f"size     {human_bytes(said['bytes'])} of {human_bytes(said['budget'])}")
    return 0


@app.command()
def verify() -> int:
    """Read everything and drop what is damaged."""
    store = _store()
    bad = store.verify()
    store.close()
    typer.echo(f"{len(bad)} damaged values dropped; they will be computed again when needed")
    return 0


@app.command()
def prune(
    gigabytes: Annotated[
        float | None, typer.Option("--to", min=0.0, help="Keep at most this many GB.")
    ] = None,
) -> int:
    """Drop what is least worth keeping, down to the budget."""
    store = _store()
    freed = store.prune(None if gigabytes is None else int(gigabytes * 1e9))
    store.close()
    typer.echo(f"{human_bytes(freed)} freed")
    return 0


@app.command()
def clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Forget every result."""
    if not yes:
        typer.confirm("Forget every cached result?", abort=True)
    store = _store()
    freed = store.clear()
    store.close()
    typer.echo(f"{human_bytes(freed)} freed")
    return 0
