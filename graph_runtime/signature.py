"""From the signature of a declared function to its spec: which arguments are sockets, which are parameters."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from meshloom.graph_runtime.spec import Choice, Hint, NodeSpec, Param, Port, Wire
from meshloom.graph_runtime.types import SCALARS, VALUES


class SpecError(Exception):
    """A node's signature says something that cannot be a node. Seen by the author of the node."""


def read_spec(function: Callable[..., Any], node_id: str, file: Path) -> NodeSpec:
    """The spec of a declared function. Raises :class:`SpecError` saying what its signature lacks."""
    said: dict[str, Any] = dict(function.__meshloom_node__)  # type: ignore[attr-defined]
    doc = inspect.cleandoc(function.__doc__ or "")
    if not doc:
        raise SpecError(f"{node_id}: the function has no docstring; a node needs one")
    hints = typing.get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    described = _described(doc)
    inputs: list[Port] = []
    params: list[Param] = []
    takes_run = False
    for name, argument in signature.parameters.items():
        if name == "run":
            takes_run = True
            continue
        if name not in hints:
            raise SpecError(f"{node_id}: argument {name!r} has no type annotation")
        annotation, extras, optional = _unwrap(hints[name])
        wire = _wire(annotation)
        has_default = argument.default is not inspect.Parameter.empty
        said_input = "lazy" in extras or "input" in extras
        if wire is not None and (said_input or wire.base not in SCALARS.values() or not has_default):
            if has_default and argument.default is not None:
                raise SpecError(f"{node_id}: input {name!r} may only default to None")
            inputs.append(Port(name, wire, not has_default, "lazy" in extras, described.get(name, "")))
        elif has_default:
            hint = next((extra for extra in extras if isinstance(extra, Hint)), Hint())
            params.append(
                _param(node_id, name, annotation, argument.default, hint, optional, described.get(name, ""))
            )
        else:
            raise SpecError(f"{node_id}: {name!r} of type {annotation} is neither a value nor a parameter")
    outputs = _outputs(node_id, hints.get("return"))
    if any(port.lazy for port in inputs) != (said["needs"] is not None):
        raise SpecError(f"{node_id}: lazy inputs and needs= go together")
    return NodeSpec(
        id=node_id,
        doc=doc,
        function=function,
        inputs=tuple(inputs),
        outputs=outputs,
        params=tuple(params),
        file=file,
        takes_run=takes_run,
        **said,
    )


def _described(doc: str) -> dict[str, str]:
    """The lines ``name: what it is`` of a docstring, by name."""
    return {
        match[1]: match[2].strip()
        for match in re.finditer(r"^\s*(\w+): (.+(?:\n {2,}\S.*)*)", doc, re.MULTILINE)
    }


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """``Annotated[X | None, a, b]`` -> (X, (a, b), True)."""
    extras: tuple[Any, ...] = ()
    optional = False
    while True:
        if typing.get_origin(hint) is typing.Annotated:
            hint, *more = typing.get_args(hint)
            extras += tuple(more)
        elif typing.get_origin(hint) in (typing.Union, types.UnionType):
            kept = [part for part in typing.get_args(hint) if part is not type(None)]
            if len(kept) != 1:
                return hint, extras, optional
            optional, hint = True, kept[0]
        else:
            return hint, extras, optional


def _wire(annotation: Any) -> Wire | None:
    if isinstance(annotation, type) and (
        VALUES.get(annotation.__name__) is annotation or annotation in SCALARS.values()
    ):
        return Wire(annotation)
    if typing.get_origin(annotation) in (list, Sequence):
        (item,) = typing.get_args(annotation)
        inner = _wire(item)
        if inner is not None and not inner.many:
            return Wire(inner.base, many=True)
    return None


def _outputs(node_id: str, annotation: Any) -> tuple[Port, ...]:
    if annotation is None or annotation is type(None):
        raise SpecError(f"{node_id}: no return annotation; say which value it returns")
    wire = _wire(annotation)
    if wire is not None:
        return (Port(_output_name(wire), wire),)
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        described = _described(inspect.cleandoc(annotation.__doc__ or ""))
        ports = []
        for name, hint in typing.get_type_hints(annotation, include_extras=True).items():
            wire = _wire(_unwrap(hint)[0])
            if wire is None:
                raise SpecError(f"{node_id}: output {name!r} of type {hint} is not a value")
            ports.append(Port(name, wire, doc=described.get(name, "")))
        return tuple(ports)
    raise SpecError(f"{node_id}: return type {annotation} is neither a value nor a NamedTuple of values")


def _output_name(wire: Wire) -> str:
    """``Image`` -> image, ``list[Image]`` -> images, ``PointCloud`` -> point_cloud, scalars -> value."""
    if wire.base in SCALARS.values():
        return "values" if wire.many else "value"
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wire.base.__name__).lower()
    return word if not wire.many or word.endswith("s") else word + "s"


_PARAM_KINDS: dict[Any, str] = {int: "int", float: "float", bool: "bool", str: "str", Path: "path"}
_LIST_KINDS: dict[Any, str] = {int: "ints", float: "floats", str: "strs", Path: "paths"}


def _param(
    node_id: str, name: str, annotation: Any, default: Any, hint: Hint, optional: bool, doc: str
) -> Param:
    origin = typing.get_origin(annotation)
    options: tuple[Any, ...] = hint.options if isinstance(hint, Choice) else ()
    length: int | None = None
    if origin is Literal:
        kind, options = "choice", typing.get_args(annotation)
    elif annotation in _PARAM_KINDS:
        kind = "choice" if options else _PARAM_KINDS[annotation]
    elif origin in (tuple, list, Sequence):
        items = [item for item in typing.get_args(annotation) if item is not Ellipsis]
        if len(set(items)) != 1 or items[0] not in _LIST_KINDS:
            raise SpecError(
                f"{node_id}: parameter {name!r} has type {annotation}; a list holds one scalar type"
            )
        kind = _LIST_KINDS[items[0]]
        if origin is tuple and Ellipsis not in typing.get_args(annotation):
            length = len(items)
    else:
        raise SpecError(f"{node_id}: parameter {name!r} has type {annotation}, which no form can show")
    return Param(name, kind, default, hint, options, length, optional, doc)
