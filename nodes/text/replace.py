from __future__ import annotations

import re

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Text


@node("Replace", aliases=("substitute", "regex", "find"))
def replace(
    text: Text, find: str = "", put: str = "", pattern: bool = False, ignore_case: bool = False
) -> Text:
    """Replace words in a text, wherever they are.

    find: what to look for; nothing leaves the text as it is
    put: what to put there; with a pattern, \\1 is what its first group found
    pattern: find is a regular expression, in Python's notation
    ignore_case: capital and small letters are the same
    """
    if not find:
        return text
    flags = re.IGNORECASE if ignore_case else 0
    try:
        if pattern:
            return Text(re.sub(find, put, text.text, flags=flags))
        return Text(re.sub(re.escape(find), lambda match: put, text.text, flags=flags))
    except (re.error, IndexError) as error:
        raise NodeError(
            f"the pattern or what to put there cannot be read: {error}",
            hint="see Python's regular expressions, or switch pattern off",
        ) from error
