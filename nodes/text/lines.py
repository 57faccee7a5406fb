from __future__ import annotations

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Text


@node("Lines", aliases=("split", "list of texts", "prompts"))
def lines(text: Text, separator: str = "\\n", strip: bool = True, skip_empty: bool = True) -> list[Text]:
    """Split a text into a list: what is linked to it runs once for each part.

    separator: where to split; \\n is the end of a line
    strip: take blanks off both ends of each part
    skip_empty: leave out empty parts
    """
    between = separator.replace("\\n", "\n")
    if not between:
        raise NodeError("the separator is empty", hint="give the characters that stand between two parts")
    whole = text.text.replace("\r\n", "\n")
    parts = [part.strip() if strip else part for part in whole.split(between)]
    parts = [part for part in parts if part or not skip_empty]
    if not parts:
        raise NodeError("the text is empty, so there is no part to pass on", hint="write something into it")
    return [Text(part) for part in parts]
