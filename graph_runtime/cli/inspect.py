"""Commands that look and change nothing: check, show, why, nodes, doctor."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.cli.display import human_bytes
from meshloom.graph_runtime.cli.open import open_engine, open_workflow
from meshloom.graph_runtime.engine import default_cache_folder
from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.explain import Explanation
from meshloom.graph_runtime.listing import Listing, listings
from meshloom.graph_runtime.params import expected
from meshloom.graph_runtime.plan import suggest
from meshloom.graph_runtime.spec import NodeSpec, Param

_Workflow = Annotated[str, typer.Argument(help="A workflow file, a result that carries one, or a preset.")]
_Settings = Annotated[list[str] | None, typer.Option("--set", help="node.param=value")]


def check(workflow: _Workflow, settings: _Settings = None) -> int:
    """Tell every problem of a workflow, without running anything."""
    opened = open_workflow(workflow, settings)
    engine = open_engine(opened.catalog, no_cache=True)
    plan = engine.plan(opened.graph, None, opened.folder)
    for problem in plan.problems:
        typer.echo(str(problem), err=True)
    if plan.problems:
        return 2
    typer.echo(f"{opened.path.name}: {len(plan.nodes)} nodes, nothing wrong")
    return 0


def show(
    file: Annotated[Path, typer.Argument(help="A result: PNG, GLB, PLY, JPEG, or any with a sidecar.")],
) -> int:
    """Give back the workflow that a result carries."""
    from meshloom.graph_runtime.formats.provenance import extract

    if not os.path.isfile(file):  # noqa: PTH113 - a name that no file can have is no file either
        raise RequestError(Problem(str(file), "is not there; expected a file that Meshloom wrote"))
    text = extract(file)
    if text is None:
        raise RequestError(Problem(str(file), "carries no workflow", "it was not written by meshloom run"))
    typer.echo(text, nl=not text.endswith("\n"))
    return 0


def why(
    workflow: _Workflow,
    node: Annotated[str | None, typer.Argument(help="One node; all when left out.")] = None,
    settings: _Settings = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> int:
    """Say of each node whether it would run or be reused, and why."""
    import time

    opened = open_workflow(workflow, settings)
    engine = open_engine(opened.catalog)
    try:
        plan = engine.plan(opened.graph, [node] if node else None, opened.folder)
        told = engine.explain(plan, opened.id)
    finally:
        engine.cache.close()
    if node:
        told = {name: held for name, held in told.items() if name == node or name.startswith(f"{node}/")}
    if as_json:
        typer.echo(json.dumps({name: _told(held) for name, held in told.items()}, indent=2))
        return 0
    width = max(map(len, told), default=0)
    for name, held in told.items():
        said = held.reason
        if held.verdict == "reused":
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(held.made))
            said = f"made {when} in {held.seconds:.2f} s"
        verdict = _VERDICTS[held.verdict]
        typer.echo(f"{name:<{width}}  {verdict}: {said}")
    return 0


_VERDICTS = {"reused": "is reused", "runs": "will run", "depends": "waits", "unneeded": "is not needed"}


def nodes(
    node: Annotated[str | None, typer.Argument(help="A node id, or a word to look for.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> int:
    """List the nodes, or tell all about one."""
    catalog = find_nodes()
    exact = catalog.get(node) if node is not None else None
    if exact is not None:
        typer.echo(json.dumps([_spec_json(exact)]) if as_json else _page(exact))
        return 0
    chosen = listings(catalog, default_cache_folder())
    if node is not None:
        chosen = [listing for listing in chosen if listing.matches(node)]
        if not chosen:
            _tell_problems(catalog)  # it may be the one whose file cannot be read
            raise RequestError(Problem(node, "no node is called or described so", suggest(node, catalog)))
    if as_json:
        typer.echo(json.dumps([_spec_json(catalog[listing.id]) for listing in chosen]))
        return 0
    _list(chosen)
    _tell_problems(catalog)
    return 0


def _list(chosen: list[Listing]) -> None:
    width = max(len(listing.id) for listing in chosen)
    group = ""
    for listing in chosen:
        head = listing.id.partition(".")[0]
        if head != group:
            group = head
            typer.echo(f"\n{group}")
        typer.echo(f"  {listing.id:<{width}}  {listing.summary}")
    typer.echo(f"\n{len(chosen)} nodes; meshloom nodes ID tells all about one")


def _tell_problems(catalog: Catalog) -> None:
    for problem in catalog.problems:
        typer.echo(f"warning: {problem}", err=True)


def _page(spec: NodeSpec) -> str:
    lines = [f"{spec.title}  ({spec.id})", "", spec.doc, ""]
    for title, ports in (("inputs", spec.inputs), ("outputs", spec.outputs)):
        if ports:
            lines.append(title)
            lines += [
                f"  {port.name}: {port.wire.name}{'' if port.required or title == 'outputs' else ', optional'}"
                for port in ports
            ]
    if spec.params:
        lines.append("parameters")
        lines += [f"  {param.name} = {_shown(param)}  ({expected(param)})" for param in spec.params]
    traits = []
    if not spec.cacheable:
        traits.append("runs each time it is asked for")
    if spec.gpu:
        traits.append("uses the accelerator where there is one")
    return "\n".join(lines + [f"\n{trait}" for trait in traits])


def _shown(param: Param) -> str:
    return json.dumps(param.default, default=str, ensure_ascii=False)


def _spec_json(spec: NodeSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "title": spec.title,
        "doc": spec.doc,
        "inputs": [{"name": p.name, "type": p.wire.name, "required": p.required} for p in spec.inputs],
        "outputs": [{"name": p.name, "type": p.wire.name} for p in spec.outputs],
        "params": [
            {
                "name": p.name,
                "kind": p.kind,
                "default": json.loads(_shown(p)),
                "expected": expected(p),
                "options": list(p.options),
            }
            for p in spec.params
        ],
    }


def doctor() -> int:
    """Tell what this machine can do, what is missing, and the command that adds it."""
    import importlib.util
    import platform
    import sys

    import psutil

    from meshloom.graph_runtime import system
    from meshloom.graph_runtime.catalog import user_nodes_folder
    from meshloom.graph_runtime.engine import probe_device
    from meshloom.graph_runtime.sources import library_version

    memory = psutil.virtual_memory()
    typer.echo(f"python      {platform.python_version()} ({sys.executable})")
    typer.echo(
        f"machine     {platform.platform()}, {os.cpu_count()} cores, {human_bytes(memory.total)} memory"
    )
    typer.echo(f"accelerator {probe_device()}")
    cache_folder = default_cache_folder()
    free = psutil.disk_usage(str(_existing(cache_folder))).free
    typer.echo(f"cache       {cache_folder} ({human_bytes(free)} free)")
    typer.echo(f"own nodes   {user_nodes_folder()}")
    lacking = 0
    for name, why_needed in _LIBRARIES.items():
        if importlib.util.find_spec(name) is None:
            lacking += 1
            typer.echo(f"missing     {name}: {why_needed}")
        else:
            typer.echo(f"found       {name} {library_version(name)}")
    window = importlib.util.find_spec("PySide6") is not None
    missing = system.missing_libraries(["app"] if window else [])
    for library in missing:
        typer.echo(f"missing     {library.name}: needed by {library.why}")
    if missing:
        typer.echo(f"to add them: {system.install_command(missing)}")
    catalog = find_nodes()
    typer.echo(f"nodes       {len(catalog)}")
    _tell_problems(catalog)
    return 1 if missing or catalog.problems else 0


#: What the doctor looks for, and what lacks without it.
_LIBRARIES = {
    "torch": "attention kernels, diffusion",
    "pycolmap": "structure from motion",
    "open3d": "meshing, ray casting",
    "cv2": "image nodes",
    "numba": "dense stereo, texture baking",
    "xatlas": "UV unwrapping",
    "PySide6": 'the window; add it with: pip install "meshloom[app]"',
    "diffusers": 'diffusion image editing; add it with: pip install "meshloom[diffusion]"',
}


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _told(held: Explanation) -> dict[str, Any]:
    return {name: said for name, said in vars(held).items() if name != "outputs"}
