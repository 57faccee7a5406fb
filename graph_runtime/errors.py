"""What can go wrong, as types: the exit code and the wording follow from the class.

Every message names the node, socket or file, says what was expected, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass


class MeshloomError(Exception):
    """The root of all errors meant for a user to read. ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class NodeError(MeshloomError):
    """Raised inside a node when its input or a parameter makes the work impossible."""


class Cancelled(MeshloomError):
    """The run was cancelled; raised from ``run.progress`` and ``run.check`` inside a node."""

    def __init__(self) -> None:
        super().__init__("cancelled")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a request, found before anything runs.

    ``where`` is ``node`` or ``node.socket`` (a path ``group/node`` inside subgraphs), or a file.
    """

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  {self.hint}" if self.hint else text


class RequestError(MeshloomError):
    """The request was wrong (exit code 2). Carries every problem found, not only the first."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class EditError(RequestError):
    """An edit would break a rule of the document; nothing was changed. One subclass a rule."""

    def __init__(self, where: str, message: str, hint: str = "") -> None:
        super().__init__(Problem(where, message, hint))


class UnknownNode(EditError):
    """No node of that name in the graph."""


class UnknownSocket(EditError):
    """The node has no such input, output or parameter."""


class NameTaken(EditError):
    """A node, group or pin of that name exists already."""


class WrongType(EditError):
    """The output's type does not fit the input."""


class InputTaken(EditError):
    """The input has a link already."""


class WouldCycle(EditError):
    """The link would close a cycle."""


class BadValue(EditError):
    """A parameter value of the wrong type or out of its range."""


class WorkflowError(RequestError):
    """A workflow file that cannot be read."""


class ModelError(NodeError):
    """A model that is missing, incomplete, damaged, refused or too large: raised in nodes and by commands."""
