"""The pins of a workflow as flags of `meshloom run`: what its form view shows can be said on the command line.

A pin ``photos.max_size`` is ``--max-size 2000``; where that is taken (by another pin, or by an option of the
command) it is ``--photos-max-size``, which always works.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from meshloom.graph_runtime.errors import Problem, RequestError
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.params import expected, in_short
from meshloom.graph_runtime.places import find_param, from_text, param_of
from meshloom.graph_runtime.plan import suggest
from meshloom.graph_runtime.spec import NodeSpec, Param

#: For the command that takes such flags: they cannot be declared, since the workflow says what they are.
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}

_SWITCH = {"true", "false", "on", "off", "yes", "no", "1", "0"}
_TRUE = {"true", "on", "yes", "1"}


class Unknown(Exception):
    """Words that no pin and no option explains; the message is for the user."""


@dataclass(frozen=True)
class Pin:
    """``flags``: the one to show first; empty when all that it could have are taken."""

    place: str
    param: Param | None
    flags: tuple[str, ...]


def pinned(graph: GraphData) -> list[str]:
    """The places (``node.param``) pinned in a workflow, each once, in their order."""
    held = graph.extras.get("pins", ())
    listed = held if isinstance(held, (list, tuple)) else ()
    return list(dict.fromkeys(place for place in listed if isinstance(place, str)))


def pins_of(graph: GraphData, catalog: Mapping[str, NodeSpec], options: Collection[str] = ()) -> list[Pin]:
    """The pins that lead to a parameter. ``options``: flags that mean something else already."""
    places = [place for place in pinned(graph) if not isinstance(find_param(graph, catalog, place), Problem)]
    short = Counter(_flag(place.partition(".")[2]) for place in places)
    long = Counter(_flag(place) for place in places)
    made = []
    for place in places:
        param = param_of(graph, catalog, place)
        brief, whole = _flag(place.partition(".")[2]), _flag(place)
        flags = []
        if short[brief] == 1 and not (brief in long and brief != whole):
            flags.append(brief)
        if long[whole] == 1 and whole != brief:
            flags.append(whole)
        free = [
            flag
            for flag in flags
            if flag not in options and not (_is_switch(param) and _off(flag) in options)
        ]
        made.append(Pin(place, param, tuple(free)))
    return made


def _is_switch(param: Param | None) -> bool:
    return param is not None and param.kind == "bool"


def _off(flag: str) -> str:
    return f"--no-{flag[2:]}"


def _flag(name: str) -> str:
    return "--" + re.sub(r"[^\w]+|_+", "-", name).strip("-").lower()


def read_flags(words: Sequence[str], pins: Sequence[Pin], options: Collection[str]) -> dict[str, str]:
    """What the words say, as ``{"node.param": text}``; the last counts. Raises :class:`Unknown`."""
    known = {flag: (pin, True) for pin in pins for flag in pin.flags}
    for pin in pins:
        if _is_switch(pin.param):
            known = {_off(flag): (pin, False) for flag in pin.flags} | known
    given: dict[str, str] = {}
    waiting = iter(words)
    ahead = next(waiting, None)
    while ahead is not None:
        word, ahead = ahead, next(waiting, None)
        name, equals, text = word.partition("=")
        if not name.startswith("-"):
            raise Unknown(f"Got unexpected extra argument ({in_short(word)})")
        found = known.get(name) or known.get("--" + name[2:].replace("_", "-").lower())
        if found is None:
            raise Unknown(_unheard(name, pins, [*known, *options]))
        pin, on = found
        switch = _is_switch(pin.param)
        if not equals and switch and (not on or ahead is None or ahead.lower() not in _SWITCH):
            text = "true"
        elif not equals:
            if ahead is None or ahead.startswith("--"):
                raise Unknown(f"Option {name} requires an argument: {_told(pin)}")
            text, ahead = ahead, next(waiting, None)
        if switch and text.lower() in _SWITCH:
            text = "true" if (text.lower() in _TRUE) == on else "false"
        given[pin.place] = text
    return given


def _unheard(name: str, pins: Sequence[Pin], known: Collection[str]) -> str:
    hint = suggest(name, known)
    if not hint and any(pin.flags for pin in pins):
        hint = "--help-pins lists the flags of this workflow"
    elif not hint:
        hint = "this workflow has no pins, so it brings no flags of its own; --set node.param=value sets any"
    return f"No such option: {name}; {hint}"


def help_lines(
    name: str, graph: GraphData, catalog: Mapping[str, NodeSpec], pins: Sequence[Pin]
) -> Iterator[str]:
    """What `--help-pins` shows."""
    lost = [place for place in pinned(graph) if place not in {pin.place for pin in pins}]
    if not pins and not lost:
        yield f"{name} has no pins. Pin parameters in the window (the ring beside each in the inspector), or"
        yield 'write "pins": ["node.param", ...] into the file. Until then: --set node.param=value'
        return
    yield f"Flags of {name}:"
    heads = [_head(pin) for pin in pins]
    width = min(34, max(map(len, heads), default=0))
    for pin, head in zip(pins, heads, strict=True):
        told = _told(pin) + f"; now {_now(pin, graph)}"
        if len(head) > width:
            yield f"  {head}"
            head = ""
        yield f"  {head:<{width}}  {pin.place}: {told}"
        for line in wrap(pin.param.doc if pin.param is not None else "", 96 - width):
            yield f"  {'':<{width}}  {line}"
    for place in lost:
        yield f"  {place} is pinned, but is no parameter of this workflow"


def _head(pin: Pin) -> str:
    if not pin.flags:
        return f"--set {pin.place}=..."
    flag = pin.flags[0]
    kind = pin.param.kind if pin.param is not None else ""
    if kind == "bool":
        return f"{flag} / {_off(flag)}"
    words = {"int": "N", "float": "X", "choice": "WORD", "str": "TEXT", "path": "PATH"}
    return f"{flag} {words.get(kind, 'VALUE')}"


def _told(pin: Pin) -> str:
    return expected(pin.param) if pin.param is not None else "a value"


def _now(pin: Pin, graph: GraphData) -> str:
    node, _, name = pin.place.partition(".")
    link = graph.nodes[node].links.get(name)
    if link is not None:
        return f"given by {link.node}, so it cannot be set"
    held = graph.nodes[node].params.get(name, pin.param.default if pin.param is not None else None)
    if isinstance(held, (list, tuple)):
        return ",".join(str(item) for item in held) or "empty"
    if isinstance(held, bool):
        return str(held).lower()
    return "automatic" if held is None else in_short(held) if isinstance(held, str) else str(held)


def set_pins(
    words: Sequence[str],
    graph: GraphData,
    catalog: Mapping[str, NodeSpec],
    options: Collection[str],
) -> dict[str, Any]:
    """The values that the words give to pinned parameters. Raises :class:`Unknown`, or :class:`RequestError`
    for a value that cannot be read."""
    given = read_flags(words, pins_of(graph, catalog, options), options)
    try:
        return {place: from_text(param_of(graph, catalog, place), text) for place, text in given.items()}
    except (OSError, ValueError, RuntimeError) as error:
        raise RequestError(Problem("", str(error))) from None
