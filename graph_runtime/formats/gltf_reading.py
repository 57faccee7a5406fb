"""Meshes from glTF 2.0: GLB, or .gltf with its buffers and pictures beside it or inside it.

The scene is flattened: every mesh at every place it occurs, transformed, in one :class:`Part` a primitive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import srgb
from meshloom.graph_runtime.formats.axes import from_y_up
from meshloom.graph_runtime.formats.gltf_document import GltfDocument
from meshloom.graph_runtime.formats.gltf_writing import KEPT_COLOURS
from meshloom.graph_runtime.formats.image_reading import MAX_PIXELS, decode_image
from meshloom.graph_runtime.formats.mesh_parts import MAX_VERTICES, Part
from meshloom.graph_runtime.types import Material

Array = NDArray[Any]
Warn = Callable[[str], None]

_COMPRESSED = {"KHR_draco_mesh_compression", "EXT_meshopt_compression"}


def read_gltf(data: bytes, path: Path, warn: Warn) -> list[Part]:
    """The parts of the default scene, in our world (y down)."""
    return _Scene(GltfDocument(data, path), warn).parts()


class _Scene:
    def __init__(self, document: GltfDocument, warn: Warn) -> None:
        self.document, self.name, self.warn = document, document.name, warn
        self.materials: dict[int, Material] = {}
        self.pictures: dict[int, Array | None] = {}
        self.decoded = 0
        needed = _COMPRESSED & set(document.json.get("extensionsRequired", ()))
        if needed:
            raise NodeError(
                f"{self.name} is compressed with {sorted(needed)[0]}, which is not read",
                hint="export it without mesh compression",
            )

    def parts(self) -> list[Part]:
        parts, total, skipped = [], 0, 0
        for mesh, matrix in self.placed():
            for primitive in self.document.entry("meshes", mesh).get("primitives", []):
                if primitive.get("mode", 4) not in (4, 5, 6):
                    skipped += 1
                    continue
                part = self.primitive(primitive, matrix)
                total += len(part.vertices)
                if total > MAX_VERTICES:
                    raise NodeError(
                        f"{self.name} places its meshes until they have over {MAX_VERTICES:,} vertices",
                        hint="export a part of the scene",
                    )
                parts.append(part)
        if skipped:
            self.warn(f"{self.name}: left out {skipped} sets of points or lines")
        return parts

    def placed(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Every occurrence of a mesh with its matrix to the world."""
        nodes = self.document.json.get("nodes", [])
        scenes = self.document.json.get("scenes", [])
        if scenes:
            roots = self.document.entry("scenes", self.document.json.get("scene", 0)).get("nodes", [])
        else:
            children = {child for node in nodes for child in node.get("children", [])}
            roots = [index for index in range(len(nodes)) if index not in children]
        if not nodes:
            yield from ((index, np.eye(4)) for index in range(len(self.document.json.get("meshes", []))))
        waiting = [(index, np.eye(4)) for index in reversed(roots)]
        seen: set[int] = set()
        while waiting:
            index, above = waiting.pop()
            node = self.document.entry("nodes", index)
            if index in seen:
                raise NodeError(f"{self.name} has a node with two parents", hint="export it again")
            seen.add(index)
            matrix = above @ _matrix(node)
            if "mesh" in node:
                yield node["mesh"], matrix
            waiting += [(child, matrix) for child in reversed(node.get("children", []))]

    def primitive(self, primitive: dict[str, Any], matrix: NDArray[np.float64]) -> Part:
        attributes = primitive.get("attributes", {})
        vertices = self.document.accessor(attributes.get("POSITION"), 3)
        count = len(vertices)
        if "indices" in primitive:
            corners = self.document.accessor(primitive["indices"], 1).reshape(-1).astype(np.int64)
        else:
            corners = np.arange(count)
        faces = _triangles(corners, primitive.get("mode", 4))

        def vertex(name: str, width: int) -> Array | None:
            if name not in attributes:
                return None
            found = self.document.accessor(attributes[name], width)
            if len(found) != count:
                raise NodeError(f"{self.name} has {len(found)} {name} for {count} vertices")
            return found

        linear = matrix[:3, :3]
        normals = vertex("NORMAL", 3)
        if np.array_equal(matrix, np.eye(4)):
            positions = from_y_up(vertices)
            normals = None if normals is None else from_y_up(normals)
        else:
            positions = from_y_up(vertices.astype(np.float64) @ linear.T + matrix[:3, 3])
            if normals is not None:
                # The cofactors turn normals rightly also where the matrix cannot be inverted.
                cofactors = np.column_stack([np.cross(linear[:, i - 2], linear[:, i - 1]) for i in range(3)])
                normals = from_y_up(normals.astype(np.float64) @ cofactors.T)
            if np.linalg.det(linear) < 0:
                faces = faces[:, ::-1]
                normals = None if normals is None else -normals
        material = self.material(primitive["material"]) if "material" in primitive else Material(metallic=1.0)
        uv = vertex(f"TEXCOORD_{self.uv_set(primitive)}", 2)
        if uv is not None and "material" in primitive:
            uv = _uv_transformed(
                uv, self.base_texture(self.document.entry("materials", primitive["material"]))
            )
        colours = vertex("COLOR_0", 3)
        if colours is not None:
            colours = np.clip(srgb.encode(np.clip(colours[:, :3], 0, 1)) * 255 + 0.5, 0, 255).astype(np.uint8)
            if material.base_colour is not None and uv is not None and (colours < 255).any():
                self.warn(f"{self.name}: vertex colours are kept beside the texture, not multiplied into it")
        elif (kept := vertex(KEPT_COLOURS, 3)) is not None:
            colours = (kept[:, :3] * 255 + 0.5).astype(np.uint8)
        return Part(positions, faces, uv, normals, colours, material)

    def material(self, index: Any) -> Material:
        if index not in self.materials:
            entry = self.document.entry("materials", index)
            surface = entry.get("pbrMetallicRoughness", {})
            old = entry.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness")
            if old is not None and not surface:
                surface = {"baseColorFactor": old.get("diffuseFactor", [1, 1, 1, 1]), "metallicFactor": 0.0}
                surface["roughnessFactor"] = 1.0 - float(old.get("glossinessFactor", 1.0))
            factor = [float(part) for part in surface.get("baseColorFactor", (1, 1, 1, 1))]
            if len(factor) != 4:
                raise NodeError(f"{self.name} has a colour of {len(factor)} numbers; expected 4")
            self.materials[index] = Material(
                base_colour=self.texture(self.base_texture(entry)),
                base_factor=(factor[0], factor[1], factor[2], factor[3]),
                metallic_roughness=self.texture(surface.get("metallicRoughnessTexture")),
                metallic=float(surface.get("metallicFactor", 1.0)),
                roughness=float(surface.get("roughnessFactor", 1.0)),
                normal=self.texture(entry.get("normalTexture")),
            )
        return self.materials[index]

    def base_texture(self, material: dict[str, Any]) -> dict[str, Any]:
        surface = material.get("pbrMetallicRoughness", {})
        old = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {})
        found: dict[str, Any] = surface.get("baseColorTexture") or old.get("diffuseTexture") or {}
        return found

    def uv_set(self, primitive: dict[str, Any]) -> int:
        if "material" not in primitive:
            return 0
        reference = self.base_texture(self.document.entry("materials", primitive["material"]))
        moved = reference.get("extensions", {}).get("KHR_texture_transform", {})
        return int(moved.get("texCoord", reference.get("texCoord", 0)))

    def texture(self, reference: dict[str, Any] | None) -> Array | None:
        """(H, W, 3|4) uint8, or ``None`` where there is none or its format is unknown, which is warned of."""
        if not reference:
            return None
        entry = self.document.entry("textures", reference.get("index"))
        other = entry.get("extensions", {})
        source = next(
            (other[name].get("source") for name in ("EXT_texture_webp", "EXT_texture_avif") if name in other),
            entry.get("source"),
        )
        if source is None:
            self.warn(f"{self.name}: a texture is of a format that is not read (KTX2); it is left out")
            return None
        if source not in self.pictures:
            image = self.document.entry("images", source)
            if "uri" in image:
                content = self.document.uri(image["uri"])
            else:
                content = bytes(self.document.view(self.document.entry("bufferViews", image["bufferView"])))
            if self.decoded > MAX_PIXELS:
                raise NodeError(
                    f"{self.name} has textures of over {MAX_PIXELS // 1_000_000} megapixels",
                    hint="make them smaller",
                )
            try:
                picture = decode_image(content, f"{self.name}, picture {source}")
                self.decoded += picture.width * picture.height
                self.pictures[source] = picture.with_pixels(picture.as_uint8()).rgb()
                if picture.pixels.shape[2] == 4:
                    self.pictures[source] = picture.as_uint8()
            except NodeError as error:
                self.warn(f"{error.message}; it is left out")
                self.pictures[source] = None
        return self.pictures[source]


def _matrix(node: dict[str, Any]) -> NDArray[np.float64]:
    """The node's transform to its parent."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    x, y, z, w = (float(part) for part in node.get("rotation", (0, 0, 0, 1)))
    if (norm := np.sqrt(x * x + y * y + z * z + w * w)) > 0:
        x, y, z, w = x / norm, y / norm, z / norm, w / norm
        matrix[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    matrix[:3, :3] *= np.array(node.get("scale", (1, 1, 1)), np.float64).reshape(3)
    matrix[:3, 3] = np.array(node.get("translation", (0, 0, 0)), np.float64).reshape(3)
    return matrix


def _triangles(corners: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    """(F, 3) of a list (4), a strip (5) or a fan (6) of triangles."""
    if mode == 4:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    if len(corners) < 3:
        return np.empty((0, 3), np.int64)
    if mode == 6:
        return np.column_stack([corners[1:-1], corners[2:], np.full(len(corners) - 2, corners[0])])
    strip = np.column_stack([corners[:-2], corners[1:-1], corners[2:]])
    strip[1::2] = strip[1::2][:, [0, 2, 1]]
    return strip


def _uv_transformed(uv: Array, reference: dict[str, Any]) -> Array:
    """KHR_texture_transform: scale, then rotation, then offset."""
    moved = reference.get("extensions", {}).get("KHR_texture_transform")
    if not moved:
        return uv
    angle = float(moved.get("rotation", 0.0))
    scaled = uv.astype(np.float64) * np.array(moved.get("scale", (1, 1)), np.float64)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    result: Array = scaled @ turn.T + np.array(moved.get("offset", (0, 0)), np.float64)
    return result
