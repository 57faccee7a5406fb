"""A parameter's value as one short line of text, and its name as people read it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from meshloom.graph_runtime.spec import Colour, Param, Range
from meshloom.ui.words import _

#: Names of parameters and sockets that are no words.
_LETTERS = {"lpips", "psnr", "sh", "ssim"}


def label(name: str) -> str:
    """``max_side`` as "Max side", ``sh_degree`` as "SH degree", in the user's language."""
    words = [word.upper() if word in _LETTERS else word for word in name.strip("_").split("_")]
    said = " ".join(words)
    return _(said[:1].upper() + said[1:])


def option(value: Any) -> str:
    """One of a parameter's choices in the user's language; what is stored stays as the node says it."""
    text = str(value)
    return _(text if "." in text else text.replace("_", " "))  # what has a dot is a name


def doc(text: str) -> str:
    """What a node says of a parameter or a socket, as one paragraph in the user's language."""
    return _(" ".join(text.split()))


def unit(param: Param) -> str:
    """The unit of a number with a space before it; empty for none."""
    return f" {_(param.hint.unit)}" if isinstance(param.hint, Range) and param.hint.unit else ""


def shown(param: Param, value: Any) -> str:
    """What stands for a value where there is one line: with its unit, in as many digits as help."""
    if value is None:
        return _("automatic") if param.optional else "–"
    if param.options:
        return option(value)
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, float):
        return f"{value:.6g}{unit(param)}"
    if isinstance(value, int):
        return f"{value}{unit(param)}"
    if isinstance(param.hint, Colour):
        return "#" + "".join(f"{round(min(max(part, 0.0), 1.0) * 255):02x}" for part in value)
    if isinstance(value, (list, tuple)):
        if param.kind == "paths":
            return _("{count} files").format(count=len(value)) if len(value) != 1 else _file(value[0])
        return ", ".join(f"{item:.4g}" if isinstance(item, float) else str(item) for item in value) or "–"
    if param.kind == "path":
        return _file(value)
    text = str(value).strip().partition("\n")
    return f"{text[0]} …" if text[1] else text[0] or "–"


def digits(number: float) -> str:
    """All digits of a number, for typing: what is read back is the same number."""
    return repr(number).removesuffix(".0")


def _file(value: Any) -> str:
    path = PurePath(str(value))
    return path.name or (str(path) if path.parts else "–")
