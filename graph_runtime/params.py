"""What a parameter accepts: its default, what is given for it checked, and the words that say what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.spec import NodeSpec, Param, Range


def defaults(spec: NodeSpec) -> dict[str, Any]:
    """Every parameter at its default."""
    return {param.name: param.default for param in spec.params}


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
