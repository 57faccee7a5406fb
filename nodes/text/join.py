from __future__ import annotations

from collections.abc import Sequence

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Text


@node("Join", aliases=("concatenate", "append", "merge"))
def join(
    first: Sequence[Text],
    second: Sequence[Text] | None = None,
    third: Sequence[Text] | None = None,
    separator: str = "\n",
    skip_empty: bool = True,
) -> Text:
    """Make one text of several, and of lists of texts.

    separator: what stands between two; \\n is a new line
    skip_empty: leave out texts that hold nothing but blanks
    """
    words = [text.text for text in (*first, *(second or ()), *(third or ()))]
    if skip_empty:
        words = [word for word in words if word.strip()]
    return Text(separator.replace("\\n", "\n").join(words))
