from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.spec import NodeError, OpenFile, Range, Run, node
from meshloom.nodes.photo._files import PATTERNS, Photos, load


@node("Load photo files", aliases=("open images", "import photographs", "pictures"))
def load_files(
    files: Annotated[tuple[Path, ...], OpenFile(PATTERNS)] = (),
    max_side: Annotated[int, Range(0, 20000, unit="px")] = 1600,
    *,
    run: Run,
) -> Photos:
    """Read the chosen photo files, in the order given.

    Orientation and focal length come from Exif. Files that cannot be read are left out with a warning and a
    row in the report. Equal names from different folders are told apart: ``a.jpg``, ``a~2.jpg``.

    files: the photos
    max_side: longer side at most this many pixels, made smaller with a Lanczos filter; 0 keeps the size
    """
    if not files:
        raise NodeError("no files are chosen; expected photos", hint="choose one or more files")
    return load(files, max_side, "the list", run)
