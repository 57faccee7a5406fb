from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.formats._reading import read_bytes
from meshloom.graph_runtime.spec import NodeError, OpenFile, node
from meshloom.graph_runtime.types import Text

_PATTERNS = ("*.txt", "*.md", "*.json", "*.csv", "*")
_LIMIT = 64 << 20


@node("Load text", aliases=("open", "read", "import words", "prompt"))
def load(file: Annotated[Path, OpenFile(_PATTERNS)] = Path()) -> Text:
    """Read a text file (UTF-8 or UTF-16).

    file: the text, at most 64 MiB
    """
    if file.is_file() and not file.stat().st_size:
        return Text("")
    data = read_bytes(file, "a text file")
    if len(data) > _LIMIT:
        raise NodeError(
            f"{file.name} has {len(data) >> 20} MiB; expected at most 64", hint="cut it into parts"
        )
    try:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        words = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise NodeError(
            f"{file.name} is no text in UTF-8 (byte {error.start})", hint="save it again as UTF-8"
        ) from error
    return Text(words.replace("\r\n", "\n"))
