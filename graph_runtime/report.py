"""The report of a run: JSON enough to reproduce it elsewhere, and a page for people with thumbnails.

A node that was reused is reported from what the cache knows of it. Thumbnails are remembered in the cache.
"""

from __future__ import annotations

import base64
import html
import json
import platform
import sys
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from meshloom.graph_runtime.cache import Cache, Missing
from meshloom.graph_runtime.codecs import digest_of
from meshloom.graph_runtime.deliver import Delivered, write_file
from meshloom.graph_runtime.disk import Ref
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.plan import Plan, PlanNode
from meshloom.graph_runtime.sources import code_digest, versions_of
from meshloom.graph_runtime.thumbnails import png, thumbnail
from meshloom.graph_runtime.types import File

#: Thumbnails shown of one list.
_MOST_SHOWN = 4


def write_report(
    folder: Path,
    workflow: Path,
    text: str,
    plan: Plan,
    outcome: Outcome,
    written: Sequence[Delivered],
    engine: Engine,
) -> list[Path]:
    """Write ``report.json`` and ``report.html`` into ``folder``; returns both paths, the page first."""
    said = report_data(workflow, text, plan, outcome, written, engine)
    page, data = folder / "report.html", folder / "report.json"
    # Paths need not be Unicode: JSON can spell what they hold, a page shows a question mark.
    write_file(
        data, (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
    )
    write_file(page, _page(said, plan, outcome, engine.cache, folder).encode("utf-8", "replace"))
    return [page, data]


def report_data(
    workflow: Path,
    text: str,
    plan: Plan,
    outcome: Outcome,
    written: Sequence[Delivered],
    engine: Engine,
) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "meshloom": _installed("meshloom"),
        "workflow_file": str(workflow),
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "peak_memory_bytes": outcome.peak_bytes,
        "machine": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "device": engine.device,
            "threads": engine.threads,
            "executable": sys.executable,
        },
        "nodes": {name: _node(node, outcome, engine.cache) for name, node in plan.nodes.items()},
        "problems": [str(problem) for problem in plan.problems],
        "warnings": [{"node": warning.node, "message": warning.message} for warning in outcome.warnings],
        "files": [
            {"node": file.node, "output": file.output, "path": str(file.path), "bytes": file.bytes}
            for file in written
        ],
        "workflow": json.loads(text),
    }


def _installed(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def _node(node: PlanNode, outcome: Outcome, cache: Cache) -> dict[str, Any]:
    name = node.name
    said: dict[str, Any] = {
        "type": node.spec.id,
        "params": {param: _plain(held) for param, held in node.params.items()},
        "code": node.static.recipe.get("code", "")[:16],
        "versions": versions_of(node.spec.file),
    }
    if name in outcome.failed:
        failed = outcome.failed[name]
        return {**said, "state": "failed", "message": failed.message, "hint": failed.hint}
    if name in outcome.skipped:
        return {**said, "state": "skipped", "because": outcome.skipped[name]}
    done = outcome.done.get(name)
    if done is None:
        return {**said, "state": "not needed"}
    keys = outcome.keys.get(name, ())
    records = [record for key in keys if (record := cache.record(key)) is not None]
    return {
        **said,
        "state": "computed" if done.computed else "cached",
        "why": done.why or "the same work was done before",
        "keys": list(keys),
        "items_computed": done.computed,
        "items_reused": done.reused,
        "seconds": round(done.seconds, 4) if done.computed else 0.0,
        "seconds_when_made": round(sum(record.seconds for record in records), 4),
        "peak_memory_bytes": done.peak_bytes,
        "bytes": done.bytes,
        "remembered": {kind: list(counts) for kind, counts in done.remembered.items()},
        "outputs": {
            port.name: ref if isinstance(ref, str) else list(ref)
            for port, ref in zip(node.spec.outputs, done.outputs, strict=True)
        },
    }


def _plain(held: Any) -> Any:
    if isinstance(held, Path):
        return str(held)
    return [_plain(item) for item in held] if isinstance(held, tuple) else held


# ------------------------------------------------------------------------------------------- the page

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#20242a;background:#f6f7f9;margin:0}
main{max-width:1080px;margin:0 auto;padding:28px 20px}
h1{font-size:26px;margin:0 0 4px}.sub{color:#5d6673;margin-bottom:20px}
table{border-collapse:collapse;width:100%;background:#fff;border:1px solid #e1e5ea;border-radius:8px}
td,th{padding:9px 12px;text-align:left;vertical-align:top;border-top:1px solid #eceff3}
th{font-weight:600;border-top:0;color:#5d6673;font-size:13px}
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
img{max-height:132px;max-width:176px;border-radius:4px;margin:0 6px 6px 0;background:#e9ecf0;vertical-align:top}
.state{display:inline-block;padding:1px 9px;border-radius:10px;font-size:12.5px;font-weight:600}
.computed{background:#dcf5e3;color:#176a34}.cached{background:#dcecfb;color:#1b5587}
.failed{background:#fde0de;color:#9c1f17}.skipped,.notneeded{background:#f6ecd0;color:#775a08}
.type{color:#5d6673;font-size:13px}.small{color:#5d6673;font-size:13px;max-width:420px}
h2{font-size:18px;margin:30px 0 10px}a{color:#1b5587}
pre{background:#fff;border:1px solid #e1e5ea;border-radius:8px;padding:14px;overflow:auto;font-size:12.5px}
"""


def _page(said: dict[str, Any], plan: Plan, outcome: Outcome, cache: Cache, folder: Path) -> str:
    rows = "".join(_row(name, plan.nodes[name], held, outcome, cache) for name, held in said["nodes"].items())
    files = "".join(
        f'<tr><td><a href="{_address(file["path"], folder)}">{html.escape(Path(file["path"]).name)}'
        f'</a></td><td>{html.escape(file["node"])}</td><td class="n">{file["bytes"] / 1e6:.2f} MB</td></tr>'
        for file in said["files"]
    )
    warnings = "".join(
        f"<li><b>{html.escape(item['node'])}</b> {html.escape(item['message'])}</li>"
        for item in said["warnings"]
    )
    title = html.escape(Path(said["workflow_file"]).stem)
    machine = said["machine"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} - Meshloom run</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
        f'<div class="sub">{said["status"]} in {said["seconds"]:.2f} s, {html.escape(said["when"])}, '
        f"peak memory {said['peak_memory_bytes'] / 1e6:.0f} MB, {machine['threads']} threads on "
        f"{html.escape(machine['device'])}, Meshloom {html.escape(said['meshloom'])}, "
        f"Python {machine['python']}</div>"
        "<table><tr><th>node</th><th>result</th><th>state</th><th>seconds</th><th>memory</th><th>size</th></tr>"
        f"{rows}</table>"
        + (f"<h2>Files</h2><table>{files}</table>" if files else "")
        + (f"<h2>Warnings</h2><ul>{warnings}</ul>" if warnings else "")
        + "<h2>Workflow</h2><pre>"
        + html.escape(json.dumps(said["workflow"], indent=2, ensure_ascii=False))
        + "</pre></main></body></html>\n"
    )


def _address(path: str, folder: Path) -> str:
    """A file in the report's folder, or below it, as a link from there."""
    return urllib.parse.quote(Path(path).relative_to(folder).as_posix(), errors="surrogateescape")


def _row(name: str, node: PlanNode, held: dict[str, Any], outcome: Outcome, cache: Cache) -> str:
    state = held["state"]
    note = held.get("why") or held.get("because") or held.get("message") or ""
    if held.get("hint"):
        note += f" - {held['hint']}"
    seconds = held.get("seconds", 0.0) or held.get("seconds_when_made", 0.0)
    peak = held.get("peak_memory_bytes", 0)
    pictures = "".join(_picture(ref, cache) for ref in outcome.outputs.get(name, ()) for ref in _shown(ref))
    return (
        f'<tr><td><b>{html.escape(name)}</b><div class="type">{html.escape(node.spec.id)}</div></td>'
        f"<td>{pictures}</td>"
        f'<td><span class="state {state.replace(" ", "")}">{state}</span>'
        f'<div class="small">{html.escape(note)}</div></td>'
        f'<td class="n">{seconds:.2f}</td><td class="n">{f"{peak / 1e6:.0f} MB" if peak else ""}</td>'
        f'<td class="n">{held.get("bytes", 0) / 1e6:.2f} MB</td></tr>'
    )


def _shown(ref: Ref) -> tuple[str, ...]:
    return (ref,) if isinstance(ref, str) else ref[:_MOST_SHOWN]


def _picture(digest: str, cache: Cache) -> str:
    try:
        data = thumbnail_png(cache, digest)
    except Missing:
        return ""
    if not data:
        return ""
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(data).decode()}">'


def thumbnail_png(cache: Cache, digest: str, side: int = 256) -> bytes:
    """The thumbnail of a value as PNG, or nothing; remembered under the value's digest."""
    key = digest_of(("thumbnail", code_digest(Path(thumbnail.__code__.co_filename)), str(side), digest))
    record = cache.record(key)
    if record is not None and cache.holds(record.outputs[0]):
        held: Any = cache.fetch(record.outputs[0])
        return bytes(held.data.tobytes())
    pixels = thumbnail(cache.load(digest), side)
    data = png(pixels) if pixels is not None else b""
    cache.put(key, [File("thumbnail.png", np.frombuffer(data, np.uint8))], 0.0)
    return data
