"""What is inside values that have no view of their own: files opened, the parts of anything else in a table."""

from __future__ import annotations

import dataclasses
from pathlib import PurePath
from typing import Any

import numpy as np

from meshloom.graph_runtime import types
from meshloom.graph_runtime.errors import NodeError
from meshloom.ui.canvas.decor import human_bytes
from meshloom.ui.words import _

#: Larger files are told of, not opened: the window would stand still meanwhile.
_MOST_BYTES = 6_000_000
_MOST_SIDE = 2048
_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
_TEXTS = {".txt", ".json", ".csv", ".md", ".xml", ".svg", ".html", ".log"}


def opened(file: types.File) -> types.Image | types.Text | None:
    """The picture (at most 2048 pixels a side) or the text in a file; ``None`` for others and large ones."""
    kind = PurePath(file.name).suffix.lower()
    if file.data.size > _MOST_BYTES:
        return None
    if kind in _TEXTS:
        return types.Text(file.data.tobytes().decode("utf-8", errors="replace"))
    if kind in _PICTURES:
        from meshloom.graph_runtime.formats.image_reading import decode_image

        try:
            return decode_image(file.data.tobytes(), file.name, _MOST_SIDE)
        except NodeError:
            return None
    return None


def contents(value: Any) -> types.Table:
    """The parts of a value, a line each: arrays by their shape, type and range, scalars as they are."""
    if isinstance(value, types.File):
        return _table([(_("Name"), value.name), (_("Size"), human_bytes(value.data.size))])
    if dataclasses.is_dataclass(value):
        parts = [(each.name, getattr(value, each.name)) for each in dataclasses.fields(value)]
        return _table([(name.replace("_", " "), _told(held)) for name, held in parts])
    return _table([(type(value).__name__, str(value))])


def _table(rows: list[tuple[str, str]]) -> types.Table:
    return types.Table((_("Part"), _("Holds")), tuple(rows))


def _told(held: Any) -> str:
    if isinstance(held, np.ndarray):
        shape = " × ".join(map(str, held.shape)) or "1"
        words = f"{shape}  {held.dtype}"
        if held.size and held.dtype.kind in "iuf" and (known := held[np.isfinite(held)]).size:
            words += f"  {known.min():.4g} … {known.max():.4g}"
        return words
    if isinstance(held, tuple):
        if len(held) > 4 or any(
            isinstance(each, np.ndarray) or dataclasses.is_dataclass(each) for each in held
        ):
            first = f": {_told(held[0])}, …" if held else ""
            return _("{count} items").format(count=len(held)) + first
        return ", ".join(map(_told, held))
    if dataclasses.is_dataclass(held):
        return type(held).__name__
    return "" if held is None else f"{held:.6g}" if isinstance(held, float) else str(held)
