"""What the engine says of why a node runs or is reused, in the user's language.

The engine speaks English, on the command line and here; what it says is one of these, or several joined by "; ".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from meshloom.ui.words import _, mark

_SAID = (
    mark("has not run in this workflow before"),
    mark("the same work was done before"),
    mark("it is declared to run each time"),
    mark("it chooses among its inputs while running"),
    mark("{node} will run first, and its result may change"),
    mark("{new} of {all} items are new"),
    mark("its code or a library changed"),
    mark("the device changed to {device}"),
    mark("parameter {name} changed"),
    mark("input {name} changed"),
    mark("its result was no longer in the cache"),
)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text)))


_PATTERNS = [(text, _pattern(text)) for text in _SAID]


def told(why: str, titled: Callable[[str], str] = str) -> str:
    """The reason in the user's language; as it is where it is none of those known.

    ``titled``: the title of the node at a path, which is what the user sees of it.
    """
    return "; ".join(_one(part, titled) for part in why.split("; "))


def _one(part: str, titled: Callable[[str], str]) -> str:
    for text, pattern in _PATTERNS:
        found = pattern.fullmatch(part)
        if found is not None:
            said = found.groupdict()
            return _(text).format(**said | ({"node": titled(said["node"])} if "node" in said else {}))
    return part
