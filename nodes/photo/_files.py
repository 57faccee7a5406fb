"""Photo files of a folder or a list: which ones, in which order, decoded one by one, with what was wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from meshloom.graph_runtime.spec import NodeError, Run
from meshloom.graph_runtime.types import Image, Table

_READ = ("jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp", "exr", "hdr", "avif", "jp2", "gif")
# Photos too, but of formats that nothing here decodes: listed so that the report can say so.
_NAMED = ("heic", "heif", "dng", "nef", "cr2", "cr3", "arw", "raf", "orf", "rw2", "pef", "srw")
#: What counts as a photo in a folder. Cameras write either case, and globs tell them apart on Linux.
PATTERNS = tuple(f"*.{suffix}" for word in (*_READ, *_NAMED) for suffix in (word, word.upper()))

_SUFFIXES = {f".{word}" for word in (*_READ, *_NAMED)}
REPORT_COLUMNS = ("photo", "width", "height", "focal_px", "result")


class Photos(NamedTuple):
    """images: the photos in order
    report: one row a file: photo, width, height, focal_px (0 = unknown), result
    """

    images: list[Image]
    report: Table


def natural(path: Path) -> list[tuple[int, int | str]]:
    """Sort key in which ``IMG_9`` comes before ``IMG_10``, whatever the case."""
    parts = re.split(r"(\d+)", path.name.casefold())
    key: list[tuple[int, int | str]] = [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
    return [*key, (2, path.name)]


def photo_files(folder: Path) -> list[Path]:
    """The photo files right inside ``folder`` in natural order. ``NodeError`` if it cannot be listed."""
    if str(folder) in ("", "."):
        raise NodeError("no folder is chosen; expected a folder of photos", hint="choose a folder")
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES]
    except FileNotFoundError:
        raise NodeError(
            f"{folder} does not exist; expected a folder of photos", hint="check the path"
        ) from None
    except NotADirectoryError:
        raise NodeError(
            f"{folder} is a file; expected a folder of photos",
            hint="choose the folder it is in, or use photo.load_files",
        ) from None
    except OSError as error:
        raise NodeError(
            f"{folder} cannot be listed ({error.strerror or error}); expected a folder of photos",
            hint="check the path, its links and its permissions",
        ) from None
    # A folder named like a photo is somebody's folder, not a broken photo.
    return sorted((path for path in found if not path.is_dir()), key=natural)


def load(files: Sequence[Path], max_side: int, where: str, run: Run) -> Photos:
    """Decode ``files``, each remembered by its content, leaving out with a warning what cannot be read.

    ``where`` says what the files are, for the error when none can be read.
    """
    names = distinct_names(files)
    images: list[Image] = []
    rows: list[tuple[object, ...]] = []
    for index, (path, name) in enumerate(zip(files, names, strict=True)):
        run.progress(index, len(files), f"reading {path.name}")
        try:
            image = _decode(path, max_side, run)
        except NodeError as error:
            run.warn(f"left out: {error.message}")
            rows.append((name, None, None, None, f"left out: {error}".replace("\n ", ";")))
            continue
        if image.name != name:
            image = Image(image.pixels, name, image.focal_px)
        images.append(image)
        rows.append((name, image.width, image.height, round(image.focal_px, 2), "read"))
    run.progress(len(files), len(files), f"read {len(images)} photos")
    report = Table(REPORT_COLUMNS, tuple(rows))
    if not images:
        reasons = "; ".join(f"{row[0]}: {row[4]}" for row in rows[:3])
        raise NodeError(
            f"none of the {len(files)} files of {where} could be read as a photo ({reasons})",
            hint="expected JPEG, PNG, TIFF, WebP, EXR or HDR; open one elsewhere and save it again",
        )
    return Photos(images, report)


def _decode(path: Path, max_side: int, run: Run) -> Image:
    from meshloom.graph_runtime.formats.images import read_image

    if path.is_symlink() and not path.exists():
        raise NodeError(f"{path.name} is a link that leads nowhere", hint="remove it or mend it")
    if not path.exists():
        raise NodeError(f"{path} does not exist", hint="check the path")
    if not path.is_file():
        raise NodeError(f"{path.name} is no regular file; expected a photo", hint="choose files")
    if not os.access(path, os.R_OK):
        raise NodeError(f"{path.name} may not be read", hint="check its permissions")
    limit = max_side or None
    return run.remember("photo", [path, path.name, max_side], lambda: read_image(path, limit), returns=Image)


def distinct_names(files: Sequence[Path]) -> list[str]:
    """The file names, those of equal name told apart: ``a.jpg``, ``a~2.jpg``. Cameras find photos by name."""
    names: list[str] = []
    taken: set[str] = set()
    for path in files:
        name, number = path.name, 2
        while name in taken:
            name, number = f"{path.stem}~{number}{path.suffix}", number + 1
        taken.add(name)
        names.append(name)
    return names
