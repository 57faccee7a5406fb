"""The key of a computation: a digest of everything its result depends on.

``key = digest(node id, code, parameters, files read, device class, {input: content digest})``. Inputs enter
by the digest of their *content*, so equal inputs give equal keys wherever they came from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from meshloom.graph_runtime import sources
from meshloom.graph_runtime.disk import FORMAT, Ref
from meshloom.graph_runtime.errors import MeshloomError, Problem
from meshloom.graph_runtime.spec import NodeSpec, OpenFile, OpenFolder, Param
from meshloom.graph_runtime.stamps import Stamps


@dataclasses.dataclass(frozen=True, slots=True)
class Static:
    """The part of a node's key that is known before anything runs, and what it is made of."""

    digest: bytes
    recipe: dict[str, Any]


class Keys:
    """Makes the static parts of one plan: remembers what nodes of the same kind share."""

    def __init__(self, stamps: Stamps, device: str = "cpu") -> None:
        self._stamps = stamps
        self._device = device
        self._kinds: dict[str, tuple[str, Any]] = {}

    def static(self, spec: NodeSpec, params: Mapping[str, Any]) -> tuple[Static, list[Problem]]:
        """The static part of a node's key, and a problem for each file it could not read."""
        problems: list[Problem] = []
        said: dict[str, str] = {}
        for name, held in params.items():
            param = spec.param(name)
            if param is not None and param.kind in ("path", "paths") and held is not None:
                try:
                    said[name] = _stamp(param, held, self._stamps)
                except MeshloomError as error:
                    problems.append(Problem(name, error.message, error.hint))
            else:
                said[name] = sources.canonical(held)
        code, begun = self._kind(spec)
        recipe: dict[str, Any] = {"code": code, "params": said}
        if spec.gpu:
            recipe["device"] = self._device
        hasher = begun.copy()
        for name in sorted(said):
            text = said[name].encode("utf-8", "surrogatepass")
            hasher.update(b"%s\0%d\0%s" % (name.encode(), len(text), text))
        return Static(hasher.digest(), recipe), problems

    def _kind(self, spec: NodeSpec) -> tuple[str, Any]:
        """The code digest of a kind of node, and a hasher that has taken all that its nodes share."""
        known = self._kinds.get(spec.id)
        if known is None:
            code = sources.code_digest(spec.file)
            hasher = blake2b(digest_size=20)
            for part in (str(FORMAT), spec.id, code, self._device if spec.gpu else ""):
                hasher.update(part.encode() + b"\0")
            known = self._kinds[spec.id] = code, hasher
        return known


def _stamp(param: Param, held: Any, stamps: Stamps) -> str:
    """A path as what it holds. The name stays in it: nodes name their results after their files."""
    paths = held if isinstance(held, tuple) else (held,)
    parts = []
    for path in paths:
        if isinstance(param.hint, OpenFile):
            parts += [path.name, stamps.file(path)]
            if param.hint.beside:
                parts.append(stamps.folder(path.parent, param.hint.beside))
        elif isinstance(param.hint, OpenFolder):
            parts += [path.name, stamps.folder(path, param.hint.patterns)]
        else:
            parts.append(str(path))
    return sources.canonical(parts)


def key(static: Static, inputs: Iterable[tuple[str, Ref]]) -> str:
    """The key of a computation, given the content digests of its inputs in a fixed order."""
    hasher = blake2b(static.digest, digest_size=20)
    for name, ref in inputs:
        # A list differs from its only item; names and digests hold no NUL.
        held = ref if isinstance(ref, str) else "[" + ",".join(ref)
        hasher.update(f"\0{name}\0{held}".encode())
    return hasher.hexdigest()


def inner_key(static: Static, kind: str, parts: Iterable[str]) -> str:
    """The key of work that a node remembers inside itself (``run.remember``): no parameters, all in ``parts``."""
    hasher = blake2b(digest_size=20)
    for part in (str(FORMAT), static.recipe["code"], static.recipe.get("device", ""), kind, *parts):
        data = part.encode()
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.hexdigest()


def why(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    """In words, how the recipe of a node differs from the last one."""
    if before is None:
        return "has not run in this workflow before"
    reasons = []
    if before.get("code") != now.get("code"):
        reasons.append("its code or a library changed")
    if before.get("device") != now.get("device"):
        reasons.append(f"the device changed to {now.get('device')}")
    old, new = before.get("params", {}), now.get("params", {})
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            reasons.append(_param_change(name, old.get(name), new.get(name)))
    old, new = before.get("inputs", {}), now.get("inputs", {})
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            reasons.append(f"input {name} changed")
    return "; ".join(reasons) or "its result was no longer in the cache"


def _param_change(name: str, old: str | None, new: str | None) -> str:
    if old is None or new is None or len(old) + len(new) > 120 or old.startswith("["):
        return f"parameter {name} changed"
    return f"{name} {old} -> {new}"


def path_of(value: Any, folder: Path) -> Any:
    """Relative paths of a workflow are relative to the folder it lies in."""
    if isinstance(value, tuple):
        return tuple(path_of(item, folder) for item in value)
    return folder / expanded(value) if isinstance(value, Path) else value


def expanded(path: Path) -> Path:
    """``~`` and ``~user`` as home folders; left as it is where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
