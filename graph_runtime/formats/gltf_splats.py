"""Splats in glTF 2.0 by ``KHR_gaussian_splatting``: points with attributes of its own.

Linear scales, opacity in 0..1, rotation x, y, z, w, one vector an SH coefficient; +Y up. ``COLOR_0`` lets
viewers that do not know the extension show coloured points. Source: the extension's specification, Khronos.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import srgb
from meshloom.graph_runtime.formats.gltf_document import GltfDocument
from meshloom.graph_runtime.formats.gltf_reading import _Scene
from meshloom.graph_runtime.formats.gltf_writing import glb
from meshloom.graph_runtime.formats.splat_parts import (
    Array,
    Warn,
    check_count,
    joined,
    normalised,
    placed,
    repaired,
    y_flipped,
)
from meshloom.graph_runtime.types import Splats

EXTENSION = "KHR_gaussian_splatting"
_PREFIX = EXTENSION + ":"


def read_gltf_splats(data: bytes, path: Path, warn: Warn | None = None) -> Splats:
    """All splats of the default scene, in our world. Raises ``NodeError`` where there are none."""
    document = GltfDocument(data, path)
    tell = warn or (lambda message: None)
    found: list[Splats] = []
    total = 0
    for mesh, matrix in _Scene(document, tell).placed():
        for primitive in document.entry("meshes", mesh).get("primitives", []):
            extension = primitive.get("extensions", {}).get(EXTENSION)
            if not isinstance(extension, dict):
                continue
            if extension.get("extensions"):
                raise NodeError(
                    f"{path.name} holds splats compressed by {sorted(extension['extensions'])[0]}, which is not read",
                    hint="export it without compression",
                )
            splats = _primitive(document, primitive.get("attributes", {}), path.name, warn)
            total += len(splats)
            check_count(total, path.name)
            try:
                found.append(placed(splats, matrix))
            except ValueError as error:
                raise NodeError(
                    f"{path.name} places its splats by {error}", hint="apply the transform before exporting"
                ) from None
    if not found:
        raise NodeError(f"{path.name} holds no splats ({EXTENSION})", hint="a mesh is read by mesh.load")
    antialiased = document.json.get("asset", {}).get("extras", {}).get("antialiased") is True
    return y_flipped(joined(found, antialiased))


def _primitive(document: GltfDocument, attributes: dict[str, Any], name: str, warn: Warn | None) -> Splats:
    means = document.accessor(attributes.get("POSITION"), 3)
    count = len(means)
    check_count(count, name)

    def own(attribute: str, width: int) -> Array:
        if _PREFIX + attribute not in attributes:
            raise NodeError(f"{name} has splats without {attribute}", hint="export it again")
        held = document.accessor(attributes[_PREFIX + attribute], width)
        if len(held) != count:
            raise NodeError(
                f"{name} has {len(held):,} {attribute} for {count:,} splats", hint="export it again"
            )
        return np.asarray(held[:, :width], np.float32)

    sh = [own("SH_DEGREE_0_COEF_0", 3)]
    for degree in (1, 2, 3):
        if f"{_PREFIX}SH_DEGREE_{degree}_COEF_0" not in attributes:
            break
        sh += [own(f"SH_DEGREE_{degree}_COEF_{index}", 3) for index in range(2 * degree + 1)]
    return repaired(
        name,
        means[:, :3],
        own("ROTATION", 4)[:, [3, 0, 1, 2]],
        own("SCALE", 3),
        own("OPACITY", 1)[:, 0],
        np.stack(sh, axis=1),
        False,
        warn,
    )


def write_gltf_splats(splats: Splats) -> bytes:
    """A GLB. ``asset.extras.antialiased`` says how the scene was trained, for which the extension has no word."""
    flipped = y_flipped(splats)
    body = bytearray()
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []

    def put(array: Array, kind: int, shape: str, **more: Any) -> int:
        views.append({"buffer": 0, "byteOffset": len(body), "byteLength": array.nbytes, "target": 34962})
        body.extend(np.ascontiguousarray(array).tobytes())
        body.extend(b"\0" * (-len(body) % 4))
        entry = {"bufferView": len(views) - 1, "componentType": kind, "count": len(array), "type": shape}
        accessors.append({**entry, **more})
        return len(accessors) - 1

    def floats(array: Array) -> Array:
        return np.ascontiguousarray(array, "<f4")

    low, high = flipped.means.min(axis=0).tolist(), flipped.means.max(axis=0).tolist()
    attributes = {"POSITION": put(floats(flipped.means), 5126, "VEC3", min=low, max=high)}
    linear = srgb.decode(splats.base_colours().astype(np.float32) / np.float32(255))
    paint = np.column_stack([linear, np.clip(splats.opacities, 0, 1)])
    attributes["COLOR_0"] = put((paint * 65535 + 0.5).astype("<u2"), 5123, "VEC4", normalized=True)
    turn = normalised(flipped.quaternions)[:, [1, 2, 3, 0]]
    attributes[_PREFIX + "ROTATION"] = put(floats(turn), 5126, "VEC4")
    attributes[_PREFIX + "SCALE"] = put(floats(flipped.scales), 5126, "VEC3")
    attributes[_PREFIX + "OPACITY"] = put(floats(flipped.opacities), 5126, "SCALAR")
    at = 0
    for degree in range(splats.degree + 1):
        for index in range(2 * degree + 1):
            name = f"{_PREFIX}SH_DEGREE_{degree}_COEF_{index}"
            attributes[name] = put(floats(flipped.sh[:, at]), 5126, "VEC3")
            at += 1
    if len(body) >= 2**32 - 2**24:
        raise NodeError(
            "the scene is larger than the 4 GiB that GLB can hold", hint="put splats.decimate before"
        )
    asset: dict[str, Any] = {"version": "2.0", "generator": "Meshloom"}
    if splats.antialiased:
        asset["extras"] = {"antialiased": True}
    settings = {
        "kernel": "ellipse",
        "colorSpace": "srgb_rec709_display",
        "projection": "perspective",
        "sortingMethod": "cameraDistance",
    }
    document = {
        "asset": asset,
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {"primitives": [{"mode": 0, "attributes": attributes, "extensions": {EXTENSION: settings}}]}
        ],
        "buffers": [{"byteLength": len(body)}],
        "bufferViews": views,
        "accessors": accessors,
    }
    return glb(json.dumps(document, separators=(",", ":")).encode(), bytes(body))
