from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Annotated, Any

from meshloom.graph_runtime.spec import Multiline, NodeError, node
from meshloom.graph_runtime.types import Text

NAMES = ("a", "b", "c", "d", "x", "y", "z")


class _Plain(string.Formatter):
    """Python's format strings without attributes and items: only the names themselves."""

    def get_field(self, field_name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        if field_name not in kwargs:
            raise NodeError(
                f"{{{field_name}}} stands for nothing",
                hint=f"use {', '.join('{' + name + '}' for name in NAMES)}; write {{{{ and }}}} for braces",
            )
        return kwargs[field_name], field_name


@node("Format", aliases=("template", "fill in", "string format", "compose"))
def format(
    a: Text | None = None,
    b: Text | None = None,
    c: Text | None = None,
    d: Text | None = None,
    template: Annotated[str, Multiline()] = "{a}",
    x: float = 0.0,
    y: float = 0.0,
    z: float = 0.0,
) -> Text:
    """Fill texts and numbers into a template.

    template: {a} to {d} are texts, {x}, {y} and {z} numbers, also as {x:.2f}; {{ and }} are braces
    x: may be linked
    y: may be linked
    z: may be linked
    """
    words = {name: "" if text is None else text.text for name, text in zip("abcd", (a, b, c, d), strict=True)}
    # A whole number is written as one: 3, not 3.0.
    numbers = {
        name: _Number(number) if number == _whole(number) else number
        for name, number in zip("xyz", (x, y, z), strict=True)
    }
    try:
        return Text(_Plain().vformat(template, (), words | numbers))
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise NodeError(f"the template cannot be read: {error}", hint="write {{ and }} for braces") from error


def _whole(number: float) -> int | None:
    """The whole number that ``number`` is, if it is one and prints in full."""
    return int(number) if abs(number) < 1e15 and number == int(number) else None


class _Number(float):
    """A whole number: shown without its ``.0`` unless a format asks for digits, and fit for ``{x:03d}``."""

    def __format__(self, spec: str) -> str:
        return (
            float.__format__(self, spec) if spec[-1:] in set("eEfFgG%") else int.__format__(int(self), spec)
        )
