"""One piece of work on models in a process of its own, so that whoever asked can stop it at any moment.

``python -m meshloom.graph_runtime.models.jobs`` reads one JSON object from standard input:

``{"do": "look_up", "source", "revision"}``
    what a pull would bring, and the licence
``{"do": "pull", "source", "revision", "agreed"}``
    fetch it; ``agreed``: the name of the licence that was shown and agreed to
``{"do": "inspect", "source", "revision", "dtype", "offload", "quantisation"}``
    load it dry
``{"do": "remove", "source", "revision"}``, ``{"do": "convert", "source", "revision"}``,
``{"do": "check", "source", "revision"}``

and writes JSON lines to what was standard output when it began: any number of ``{"progress": [done, total, what]}``,
then ``{"result": ...}`` or ``{"error", "hint"}``. Ending the process is how to cancel: what has come stays, and
the same pull goes on from there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from meshloom.graph_runtime.errors import MeshloomError, ModelError
from meshloom.graph_runtime.models import hub, places
from meshloom.graph_runtime.models.licences import agree, has_agreed

Said = dict[str, Any]
Progress = Callable[[int, int, str], None]

#: Progress is told this often (seconds).
_EVERY = 0.1


def look_up(request: Mapping[str, Any], _progress: Progress) -> Said:
    """What :func:`hub.look_up` finds, with the room on the disk."""
    source = str(request["source"])
    _check_name(source)
    plan = hub.look_up(source, str(request.get("revision", "")))
    return {
        "source": plan.source,
        "revision": plan.revision,
        "commit": plan.commit,
        "files": len(plan.files),
        "bytes": plan.bytes,
        "missing": plan.missing,
        "free": hub.disk_free(),
        "folder": str(places.hub_folder()),
        "licence": asdict(plan.licence),
        "gated": plan.gated,
        "agreed": has_agreed(source, plan.licence),
    }


def pull(request: Mapping[str, Any], progress: Progress) -> Said:
    """Fetch a model whose licence is agreed to."""
    source = str(request["source"])
    _check_name(source)
    plan = hub.look_up(source, str(request.get("revision", "")))
    hub.check_disk(plan)
    if not has_agreed(source, plan.licence):
        if request.get("agreed") != plan.licence.name:
            raise ModelError(
                f"the licence of {source} ({plan.licence.name}) has not been agreed to",
                "look the model up again and read it",
            )
        agree(source, plan.licence)
    return {"folder": str(hub.fetch(plan, progress)), "commit": plan.commit, "bytes": plan.bytes}


def _check_name(source: str) -> None:
    if not places.is_hub_id(source):
        raise ModelError(f"{source} is no name on the Hub", "expected owner/name")


def inspect(request: Mapping[str, Any], _progress: Progress) -> Said:
    """What :func:`examine` finds."""
    from meshloom.graph_runtime.models.examine import examine

    names = ("source", "revision", "dtype", "offload", "quantisation")
    held = examine(**{name: str(request[name]) for name in names if name in request})
    return {
        "folder": str(held.found.folder),
        "commit": held.found.commit,
        "sound": held.sound,
        "licence": asdict(held.licence),
        "parts": [{**asdict(part), "loads": part.loads} for part in held.parts],
        "estimate": asdict(held.estimate) if held.estimate is not None else None,
        "free": held.free,
        "too_large": held.too_large,
    }


def remove(request: Mapping[str, Any], _progress: Progress) -> Said:
    """Take a model, or one revision of it, off the disk."""
    from meshloom.graph_runtime.models.shelf import remove as take_away

    return {"freed": take_away(str(request["source"]), str(request.get("revision", "")))}


def convert(request: Mapping[str, Any], progress: Progress) -> Said:
    """Pickled weights into safetensors."""
    from meshloom.graph_runtime.models.convert import convert as rewrite

    folder = places.find(str(request["source"]), str(request.get("revision", ""))).folder
    written = rewrite(folder, progress)
    return {"written": [str(path) for path in written], "bytes": sum(path.stat().st_size for path in written)}


def check(request: Mapping[str, Any], progress: Progress) -> Said:
    """The hashes of the files of a model from the Hub."""
    source = str(request["source"])
    found = places.find(source, str(request.get("revision", "")))
    return {"bytes": hub.check(source, found.folder, progress)}


WORK: dict[str, Callable[[Mapping[str, Any], Progress], Said]] = {
    "look_up": look_up,
    "pull": pull,
    "inspect": inspect,
    "remove": remove,
    "convert": convert,
    "check": check,
}


def serve(line: bytes, out: Any) -> int:
    """Do what one line asks for and tell it to ``out``; the exit code."""

    def say(said: Said) -> None:
        out.write(json.dumps(said).encode() + b"\n")
        out.flush()

    told, last = 0.0, ""

    def progress(done: int, total: int, what: str) -> None:
        nonlocal told, last
        now = time.monotonic()
        if now - told >= _EVERY or done == total or what != last:
            told, last = now, what
            say({"progress": [done, total, what]})

    try:
        request = json.loads(line)
        say({"result": WORK[request["do"]](request, progress)})
    except MeshloomError as error:
        say({"error": error.message, "hint": error.hint})
        return 1
    except Exception as error:  # whoever asked waits for an answer
        import traceback

        traceback.print_exc()
        say({"error": f"{type(error).__name__}: {error}", "hint": "the log says more"})
        return 1
    return 0


def main() -> int:
    """The process. What libraries print goes to standard error, lest it garble the talk."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        return serve(sys.stdin.buffer.readline(), out)
    except BrokenPipeError:  # nobody listens any more
        return 1


if __name__ == "__main__":
    # Run as a script, this file is another module than the one that others import.
    sys.exit(main())
