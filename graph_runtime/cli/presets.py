"""`meshloom presets`: the workflows that come with Meshloom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meshloom.graph_runtime.cli.open import PRESETS
from meshloom.graph_runtime.errors import Problem, RequestError


def presets(
    copy: Annotated[str | None, typer.Option("--copy", help="Copy this preset here, to change it.")] = None,
    to: Annotated[Path, typer.Option(help="Where the copy goes.")] = Path(),
) -> int:
    """List the presets, or copy one to work on."""
    from meshloom.graph_runtime.preset import read_workflow

    found = sorted(PRESETS.glob("*.json"))
    if copy is None:
        width = max((len(path.stem) for path in found), default=0)
        for path in found:
            about = read_workflow(path).extras.get("about", "")
            typer.echo(f"{path.stem:<{width}}  {about}")
        return 0
    source = PRESETS / f"{copy}.json"
    if source not in found:
        from meshloom.graph_runtime.plan import suggest

        hint = suggest(copy, [path.stem for path in found])
        raise RequestError(Problem(copy, "no preset is called so", hint))
    target = to / source.name if to.is_dir() or not to.suffix else to
    if target.exists():
        raise RequestError(Problem(str(target), "exists already", "choose another place with --to"))
    from meshloom.graph_runtime.catalog import find_nodes
    from meshloom.graph_runtime.deliver import write_file
    from meshloom.graph_runtime.preset import resolve
    from meshloom.graph_runtime.provenance_text import provenance_text

    catalog = find_nodes()
    graph = resolve(read_workflow(source), catalog)
    # Paths to the samples must hold where the copy lies.
    write_file(target, provenance_text(graph, catalog, PRESETS).encode())
    typer.echo(f"copied to {target}")
    return 0
