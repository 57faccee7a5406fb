"""The file that any value becomes when it is delivered and nobody chose a format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from meshloom.graph_runtime import codecs
from meshloom.graph_runtime.formats.cameras import write_transforms
from meshloom.graph_runtime.formats.clouds import write_cloud
from meshloom.graph_runtime.formats.exr import write_channels
from meshloom.graph_runtime.formats.images import write_image
from meshloom.graph_runtime.formats.meshes import write_mesh
from meshloom.graph_runtime.formats.names import make_file, safe_name
from meshloom.graph_runtime.formats.splats import write_splats
from meshloom.graph_runtime.formats.svg import figure_svg
from meshloom.graph_runtime.formats.tables import write_table
from meshloom.graph_runtime.types import (
    Cameras,
    DepthMap,
    Figure,
    File,
    Image,
    Mask,
    Mesh,
    PointCloud,
    Splats,
    Table,
    Text,
)


def to_files(name: str, value: object) -> list[File]:
    """``value`` as files whose names begin with ``name``; a list gives each item a number.

    Pictures and masks are PNG (8 bits, or 16 for float pixels), pictures with values beyond 0..1 EXR; depth is
    EXR (channel Z); meshes GLB (PLY without faces); clouds and splats PLY;
    cameras nerfstudio's JSON; tables CSV; text .txt;
    numbers JSON; figures SVG and JSON; files themselves; any other value safetensors, or JSON without arrays.
    """
    if isinstance(value, (list, tuple)):
        digits = max(2, len(str(len(value))))
        return [
            file
            for number, item in enumerate(value, 1)
            for file in (
                to_files(name, item)
                if isinstance(item, File)
                else to_files(f"{name}_{number:0{digits}}", item)
            )
        ]
    if isinstance(value, File):
        return [File(safe_name(value.name), value.data)]
    return [make_file(name + suffix, data) for suffix, data in _contents(value)]


def _contents(value: Any) -> Sequence[tuple[str, bytes]]:
    """Extension and content of each file."""
    match value:
        case Image():
            return [_picture(value)]
        case Mask():
            return [(".png", write_image(Image(value.coverage[:, :, None]), "png", bits=8))]
        case DepthMap():
            channels = {"Z": value.depth}
            if value.confidence is not None:
                channels["confidence"] = value.confidence
            return [(".exr", write_channels(channels))]
        case Mesh():
            format = "glb" if len(value.faces) else "ply"
            return [("." + format, write_mesh(value, format))]
        case Splats() if len(value):
            return [(".ply", write_splats(value))]
        case PointCloud():
            return [(".ply", write_cloud(value))]
        case Cameras():
            return [(".json", write_transforms(value))]
        case Table():
            return [(".csv", write_table(value))]
        case Text():
            return [(".txt", value.text.encode())]
        case Figure():
            return [(".svg", figure_svg(value)), (".json", _figure_json(value))]
        case str():
            return [(".txt", value.encode())]
        case bool() | int() | float():
            # NaN is no JSON; as text every reader accepts it.
            finite = not isinstance(value, float) or np.isfinite(value)
            return [(".json", json.dumps(value if finite else str(value)).encode())]
    encoded = b"".join(bytes(part) for part in codecs.encode(value))
    # A safetensors file begins with the length of its header, 8 bytes of which the last are zero.
    return [(".safetensors" if b"\0" in encoded[:8] else ".json", encoded)]


def _picture(image: Image) -> tuple[str, bytes]:
    if image.pixels.dtype != np.uint8:
        low, high = float(np.nanmin(image.pixels)), float(np.nanmax(image.pixels))
        if low < 0 or high > 1:
            return ".exr", write_image(image, "exr")
    return ".png", write_image(image, "png")


def _figure_json(figure: Figure) -> bytes:
    def numbers(array: Any) -> list[float | None]:
        return [number if np.isfinite(number) else None for number in np.asarray(array, np.float64).tolist()]

    document = {
        "title": figure.title,
        "x_label": figure.x_label,
        "y_label": figure.y_label,
        "series": [
            {"name": series.name, "kind": series.kind, "x": numbers(series.x), "y": numbers(series.y)}
            for series in figure.series
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
