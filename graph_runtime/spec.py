"""What a node says about itself.

A node is a pure, typed function and its signature is its declaration: value types are input sockets, scalars
with defaults are parameters (``Annotated[int | None, "input"] = None`` is an optional socket all the same),
``Annotated`` hints give ranges and choices, a ``NamedTuple`` is several outputs,
and a keyword-only ``run: Run`` is the world outside the cache key::

    @node("Adjust")
    def adjust(image: Image, exposure: Annotated[float, Slider(-4, 4, unit="EV")] = 0.0) -> Image:
        '''Scale by 2**exposure.'''

The id comes from the path: ``nodes/image/adjust.py`` is ``image.adjust``. The function stays an ordinary
function: call it directly in a test.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from meshloom.graph_runtime.errors import Cancelled, NodeError
from meshloom.graph_runtime.types import SCALARS, VALUES

__all__ = [
    "Cancelled",
    "Choice",
    "Colour",
    "Hint",
    "ModelName",
    "Multiline",
    "NodeError",
    "NodeSpec",
    "OpenFile",
    "OpenFolder",
    "Param",
    "Port",
    "Range",
    "Run",
    "Seed",
    "Slider",
    "Wire",
    "node",
]

T = TypeVar("T")


class Run(Protocol):
    """The world outside the cache key, handed to a node that asks for it (``*, run: Run``)."""

    #: "cpu", "cuda" or "mps": where tensors should live.
    device: str
    #: How many threads native code should use.
    threads: int

    @property
    def scratch(self) -> Path:
        """An empty folder of this node's own, removed when the node ends."""

    def progress(self, done: float, total: float = 1.0, message: str = "") -> None:
        """Say how far the work is, as often as you like. Raises :class:`Cancelled` once the run is cancelled."""

    def check(self) -> None:
        """Raise :class:`Cancelled` if the run is cancelled."""

    def warn(self, message: str) -> None:
        """Tell the user something that did not stop the work."""

    def preview(self, value: object) -> None:
        """Show an unfinished result."""

    def remember(self, kind: str, parts: Sequence[object], make: Callable[[], T], returns: type[T]) -> T:
        """``make()``, or what it returned before for equal ``parts`` (values and scalars) in this node.

        For work inside a node that has a finer grain than the node itself: one pair of a matcher, one tile.
        ``parts`` must hold everything ``make`` depends on; the node's code and library versions are added.
        """

    def warm(self, kind: str, reference: str, build: Callable[[], T], size: Callable[[T], int]) -> T:
        """A loaded model kept between nodes and runs, built by ``build`` when absent; ``size`` in bytes."""

    def make_room(self) -> None:
        """Let every warm model go: memory ran out."""


# ------------------------------------------------------------------------------------- parameter hints


@dataclass(frozen=True)
class Hint:
    """What an ``Annotated`` parameter says beyond its type."""


@dataclass(frozen=True)
class Range(Hint):
    """A number within [low, high]; either may be None for open."""

    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Slider(Range):
    """A range best dragged."""


@dataclass(frozen=True)
class Choice(Hint):
    """One of ``options``. ``Literal["a", "b"]`` says the same.

    ``refusals``: a module that, run by itself, prints why some of them cannot be used on this machine, as a JSON
    object by option. Forms show these greyed, with the reason.
    """

    options: tuple[str, ...]
    refusals: str = ""


@dataclass(frozen=True)
class Multiline(Hint):
    """Text of several lines."""


@dataclass(frozen=True)
class ModelName(Hint):
    """The source of a model: a name on the Hub or of a folder. Forms offer those on this machine."""


@dataclass(frozen=True)
class Seed(Range):
    """A random seed: offered with randomise and fix."""

    low: float | None = 0
    high: float | None = 2**63 - 1


@dataclass(frozen=True)
class Colour(Hint):
    """``tuple[float, float, float]`` in 0..1, sRGB."""


@dataclass(frozen=True)
class OpenFile(Hint):
    """An existing file; its content enters the cache key. ``patterns``: globs offered by the picker.

    ``beside``: globs of further files in its folder that it may refer to (textures, buffers); they enter too.
    """

    patterns: tuple[str, ...] = ("*",)
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenFolder(Hint):
    """An existing folder; names and contents of the files matching ``patterns`` enter the cache key."""

    patterns: tuple[str, ...] = ("*",)


# --------------------------------------------------------------------------------------------- the spec


@dataclass(frozen=True)
class Wire:
    """The type of a socket: a value class or scalar, and whether it is a list of them."""

    base: type
    many: bool = False

    @property
    def name(self) -> str:
        return f"list[{self.base.__name__}]" if self.many else self.base.__name__


@dataclass(frozen=True)
class Port:
    """An input or output socket. ``lazy`` inputs are computed only when ``NodeSpec.needs`` names them."""

    name: str
    wire: Wire
    required: bool = True
    lazy: bool = False
    doc: str = ""


@dataclass(frozen=True)
class Param:
    """A parameter: its Python type, default and hints. It may also be fed by a link of the same scalar type.

    ``kind``: int, float, bool, str, choice, path, paths, floats, ints or strs.
    """

    name: str
    kind: str
    default: Any
    hint: Hint = field(default_factory=Hint)
    options: tuple[Any, ...] = ()
    length: int | None = None
    optional: bool = False
    doc: str = ""


Migration = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class NodeSpec:
    """All that is known of a node without running it. Palette, form, docs, CLI and checks come from it."""

    id: str
    title: str
    doc: str
    function: Callable[..., Any]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    params: tuple[Param, ...]
    file: Path
    takes_run: bool = False
    #: Names of the lazy inputs to compute, given the parameters and the values of the other inputs.
    needs: Callable[..., Iterable[str]] | None = None
    #: Results may be reused. False for a timing, a live camera: runs each time it is asked for.
    cacheable: bool = True
    #: Changes something outside Meshloom (declared, never reused).
    effect: bool = False
    #: Wants the accelerator; one such node at a time on each.
    gpu: bool = False
    #: Which input passes through, by output, when the node is bypassed: filled by type where not said.
    aliases: tuple[str, ...] = ()
    was: tuple[str, ...] = ()
    version: int = 1
    migrate: Migration | None = None

    #: The same by name, since every plan looks up every socket.
    input_named: dict[str, Port] = field(default_factory=dict, repr=False)
    output_named: dict[str, Port] = field(default_factory=dict, repr=False)
    param_named: dict[str, Param] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.input_named.update((port.name, port) for port in self.inputs)
        self.output_named.update((port.name, port) for port in self.outputs)
        self.param_named.update((param.name, param) for param in self.params)

    def input(self, name: str) -> Port | None:
        return self.input_named.get(name)

    def output(self, name: str) -> Port | None:
        return self.output_named.get(name)

    def param(self, name: str) -> Param | None:
        return self.param_named.get(name)

    @property
    def summary(self) -> str:
        return self.doc.strip().partition("\n")[0]


class SpecError(Exception):
    """A node's signature says something that cannot be a node. Seen by the author of the node."""


def node(
    title: str,
    *,
    needs: Callable[..., Iterable[str]] | None = None,
    cacheable: bool = True,
    effect: bool = False,
    gpu: bool = False,
    aliases: Sequence[str] = (),
    was: Sequence[str] = (),
    version: int = 1,
    migrate: Migration | None = None,
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Declare the decorated function to be the node of its file.

    ``needs``: makes the inputs annotated ``Annotated[..., "lazy"]`` lazy; called with the parameters and the
    other inputs by name, it returns the names of the lazy inputs to compute; the rest arrive as ``None``.
    ``was``: former ids. ``version`` and ``migrate``: ``migrate`` turns the saved parameters of any older
    version into today's. ``aliases``: other words that people search it by.
    """

    def mark(function: Callable[..., T]) -> Callable[..., T]:
        said = {
            "title": title,
            "needs": needs,
            "cacheable": cacheable and not effect,
            "effect": effect,
            "gpu": gpu,
            "aliases": tuple(aliases),
            "was": tuple(was),
            "version": version,
            "migrate": migrate,
        }
        function.__meshloom_node__ = said  # type: ignore[attr-defined]
        return function

    return mark


def declared(function: object) -> bool:
    """Whether ``function`` carries a ``@node`` declaration."""
    return hasattr(function, "__meshloom_node__")


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


def check_param(param: Param, given: Any) -> Any:
    """``given`` as the parameter's Python value. Raises ``ValueError`` saying what was expected.

    Nothing is coerced silently: ``"12"`` is no int, ``3.9`` is no int, ``True`` is no number. An int is a
    float, and JSON's lists are tuples.
    """
    if given is None:
        if param.optional or param.default is None:
            return None
        raise ValueError(f"is null; expected {expected(param)}")
    return _CHECKS[param.kind](param, given)


def expected(param: Param) -> str:
    """What a parameter accepts, in words."""
    if param.kind == "choice":
        return "one of " + ", ".join(str(option) for option in param.options)
    words = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "str": "text",
        "path": "a path",
        "paths": "a list of paths",
        "floats": "a list of numbers",
        "ints": "a list of whole numbers",
        "strs": "a list of texts",
    }[param.kind]
    if param.length is not None:
        words = words.replace("a list of", f"{param.length}")
    if isinstance(param.hint, Range):
        low, high = param.hint.low, param.hint.high
        if low is not None and high is not None:
            words += f" from {low:g} to {high:g}"
        elif low is not None:
            words += f" of at least {low:g}"
        elif high is not None:
            words += f" of at most {high:g}"
    return words


def _number(param: Param, given: Any, whole: bool) -> Any:
    if isinstance(given, bool) or not isinstance(given, int if whole else (int, float)):
        raise ValueError(f"is {in_short(given)}; expected {expected(param)}")
    if not whole:
        try:
            given = float(given)
        except OverflowError:
            raise ValueError(f"is too large for a number; expected {expected(param)}") from None
        if given != given or given in (float("inf"), float("-inf")):
            raise ValueError(f"is {given}; expected {expected(param)}")
    elif not -(2**63) <= given < 2**63:
        raise ValueError(f"is too large; expected {expected(param)} of at most 64 bits")
    if isinstance(param.hint, Range):
        low, high = param.hint.low, param.hint.high
        if (low is not None and given < low) or (high is not None and given > high):
            raise ValueError(f"is {given}; expected {expected(param)}")
    return given


def in_short(given: Any) -> str:
    """A value as a message shows it: in one short line, however much somebody put into a file."""
    try:
        text = repr(given)
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        return "too large to show"
    return text if len(text) <= 80 else f"{text[:70]}... ({len(text)} characters)"


def _text(param: Param, given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(f"is {in_short(given)}; expected {expected(param)}")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise ValueError("holds a broken Unicode character; expected valid text") from None
    return given


def _path(param: Param, given: Any) -> Path:
    if not isinstance(given, (str, Path)):
        raise ValueError(f"is {in_short(given)}; expected {expected(param)}")
    if "\0" in str(given):
        raise ValueError("holds a NUL character; expected a path")
    return Path(_text(param, str(given)))


def _flag(param: Param, given: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError(f"is {in_short(given)}; expected {expected(param)}")
    return given


def _choice(param: Param, given: Any) -> Any:
    # `1 == True`, so types are compared too.
    if not any(given == option and type(given) is type(option) for option in param.options):
        raise ValueError(f"is {in_short(given)}; expected {expected(param)}")
    return given


def _many(one: Callable[[Param, Any], Any]) -> Callable[[Param, Any], tuple[Any, ...]]:
    def check(param: Param, given: Any) -> tuple[Any, ...]:
        if not isinstance(given, (list, tuple)) or (param.length is not None and len(given) != param.length):
            raise ValueError(f"is {in_short(given)}; expected {expected(param)}")
        return tuple(one(param, item) for item in given)

    return check


_CHECKS: Mapping[str, Callable[[Param, Any], Any]] = {
    "int": lambda param, given: _number(param, given, whole=True),
    "float": lambda param, given: _number(param, given, whole=False),
    "bool": _flag,
    "str": _text,
    "path": _path,
    "choice": _choice,
    "ints": _many(lambda param, given: _number(param, given, whole=True)),
    "floats": _many(lambda param, given: _number(param, given, whole=False)),
    "strs": _many(_text),
    "paths": _many(_path),
}


def returned(spec: NodeSpec, result: Any) -> tuple[Any, ...]:
    """The outputs in ``result``, each checked against its declared type.

    Raises ``TypeError`` naming the output: the fault lies with the node, so it must not surface in the next.
    """
    if len(spec.outputs) == 1 and not (isinstance(result, tuple) and hasattr(result, "_fields")):
        result = (result,)
    if not isinstance(result, tuple) or len(result) != len(spec.outputs):
        got = type(result).__name__
        raise TypeError(f"returned {got}; expected {', '.join(port.name for port in spec.outputs)}")
    for port, item in zip(spec.outputs, result, strict=True):
        _check_returned(port, item)
    return result


def _check_returned(port: Port, item: Any) -> None:
    if not port.wire.many:
        if type(item) is not port.wire.base:
            raise TypeError(f"output {port.name} is {type(item).__name__}; expected {port.wire.name}")
        return
    if not isinstance(item, Sequence) or isinstance(item, str):
        raise TypeError(f"output {port.name} is {type(item).__name__}; expected {port.wire.name}")
    for index, part in enumerate(item):
        if type(part) is not port.wire.base:
            raise TypeError(
                f"output {port.name}[{index}] is {type(part).__name__}; expected {port.wire.base.__name__}"
            )


def defaults(spec: NodeSpec) -> dict[str, Any]:
    """Every parameter at its default."""
    return {param.name: param.default for param in spec.params}
