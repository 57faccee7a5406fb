from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.spec import NodeError, OpenFolder, Range, Run, node
from meshloom.nodes.photo._files import PATTERNS, Photos, load, photo_files


@node("Load photos", aliases=("folder", "open images", "import photographs", "directory"))
def load_folder(
    folder: Annotated[Path, OpenFolder(PATTERNS)] = Path(),
    max_side: Annotated[int, Range(0, 20000, unit="px")] = 1600,
    every: Annotated[int, Range(1, 1000)] = 1,
    *,
    run: Run,
) -> Photos:
    """Read the photos of a folder, in the order of their names, as numbers count (IMG_9 before IMG_10).

    Orientation and focal length come from Exif. Files that cannot be read (empty, cut off, no image) are left
    out with a warning and a row in the report. Folders inside the folder are not entered. A photo added
    to the folder later decodes only itself.

    folder: where the photos are
    max_side: longer side at most this many pixels, made smaller with a Lanczos filter; 0 keeps the size
    every: take every nth photo
    """
    found = photo_files(folder)
    if not found:
        raise NodeError(
            f"{folder} holds no photos; expected files such as .jpg, .png or .tif",
            hint="choose the folder that the photos are right inside of",
        )
    return load(found[::every], max_side, str(folder), run)
