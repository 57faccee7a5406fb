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

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from meshloom.graph_runtime.errors import Cancelled, NodeError

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
        """Show an unfinished result: anything that has a picture, and a ``Figure`` beside it. The newest counts."""

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
