from __future__ import annotations

from typing import Annotated

from meshloom.graph_runtime.spec import Multiline, node
from meshloom.graph_runtime.types import Text


@node("Text", aliases=("string", "prompt", "words", "constant"))
def value(text: Annotated[str, Multiline()] = "") -> Text:
    """Words, to be linked to several places at once.

    text: what is passed on
    """
    return Text(text)
