"""Meshes as GLB (glTF 2.0 binary). Source: Khronos glTF 2.0 specification.

Own code because libraries round colour factors to 8 bits and store sRGB vertex colours as if they were
linear, which every conforming viewer then shows too bright.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import srgb
from meshloom.graph_runtime.formats.axes import to_y_up
from meshloom.graph_runtime.formats.image_writing import write_image
from meshloom.graph_runtime.types import Image, Material, Mesh

Array = NDArray[Any]

_COMPONENTS = {"u1": 5121, "u2": 5123, "u4": 5125, "f4": 5126}
_SHAPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_ARRAY_BUFFER, _INDEX_BUFFER = 34962, 34963
#: Vertex colours beside a texture: viewers would multiply the two, so they travel under a name of our own.
KEPT_COLOURS = "_MESHLOOM_COLOUR"


def write_glb(mesh: Mesh, textures: str = "png", quality: int = 90) -> bytes:
    """The mesh, +Y up, with normals, uv, vertex colours and material.

    ``textures``: "png" (exact) or "jpg" with ``quality`` (smaller; pictures with alpha stay PNG). The
    material is double-sided, as scanned surfaces are open.
    """
    if textures not in ("png", "jpg"):
        raise NodeError(f"textures are not written as {textures}; expected png or jpg")
    if not len(mesh.vertices) or not len(mesh.faces):
        raise NodeError(
            f"the mesh has {len(mesh.vertices)} vertices and {len(mesh.faces)} faces; GLB cannot be empty",
            hint="look at the node that made the mesh",
        )
    writer = _Writer(textures, quality)
    writer.add(mesh)
    return writer.bytes()


class _Writer:
    def __init__(self, textures: str, quality: int) -> None:
        self.textures, self.quality = textures, quality
        self.body = bytearray()
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "Meshloom"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "bufferViews": [],
            "accessors": [],
        }

    def add(self, mesh: Mesh) -> None:
        attributes = {"POSITION": self.accessor(to_y_up(mesh.vertices), bounds=True)}
        if mesh.normals is not None:
            attributes["NORMAL"] = self.accessor(to_y_up(mesh.normals))
        if mesh.uv is not None:
            attributes["TEXCOORD_0"] = self.accessor(mesh.uv)
        material = mesh.material or Material()
        if mesh.colours is not None:
            if material.base_colour is None or mesh.uv is None:
                linear = srgb.decode(mesh.colours.astype(np.float32) / np.float32(255))
                deep = (linear * np.float32(65535) + np.float32(0.5)).astype(np.uint16)
                # Four of them: rows of glTF attributes start at multiples of four bytes.
                opaque = np.column_stack([deep, np.full(len(deep), 65535, np.uint16)])
                attributes["COLOR_0"] = self.accessor(opaque, normalised=True)
            else:
                opaque = np.column_stack([mesh.colours, np.full(len(mesh.colours), 255, np.uint8)])
                attributes[KEPT_COLOURS] = self.accessor(opaque, normalised=True)
        small = len(mesh.vertices) <= 65535
        indices = mesh.faces.reshape(-1).astype(np.uint16 if small else np.uint32)
        primitive = {
            "attributes": attributes,
            "indices": self.accessor(indices, target=_INDEX_BUFFER),
            "material": 0,
        }
        self.document["meshes"] = [{"primitives": [primitive]}]
        self.document["materials"] = [self.material(material, mesh.uv is not None)]

    def accessor(
        self, array: Array, bounds: bool = False, normalised: bool = False, target: int = _ARRAY_BUFFER
    ) -> int:
        array = np.ascontiguousarray(array)
        kind = array.dtype.newbyteorder("<").str[1:]
        entry: dict[str, Any] = {
            "bufferView": self.view(array.astype("<" + kind, copy=False).tobytes(), target),
            "componentType": _COMPONENTS[kind],
            "count": len(array),
            "type": _SHAPES[1 if array.ndim == 1 else array.shape[1]],
        }
        if normalised:
            entry["normalized"] = True
        if bounds:
            entry["min"] = array.min(axis=0).tolist()
            entry["max"] = array.max(axis=0).tolist()
        self.document["accessors"].append(entry)
        return len(self.document["accessors"]) - 1

    def view(self, content: bytes, target: int | None = None) -> int:
        entry = {"buffer": 0, "byteOffset": len(self.body), "byteLength": len(content)}
        if target is not None:
            entry["target"] = target
        self.body += content
        self.body += b"\0" * (-len(self.body) % 4)
        self.document["bufferViews"].append(entry)
        return len(self.document["bufferViews"]) - 1

    def material(self, material: Material, has_uv: bool) -> dict[str, Any]:
        surface: dict[str, Any] = {
            "baseColorFactor": [float(part) for part in material.base_factor],
            "metallicFactor": float(material.metallic),
            "roughnessFactor": float(material.roughness),
        }
        entry: dict[str, Any] = {"pbrMetallicRoughness": surface, "doubleSided": True}
        texture = material.base_colour
        if has_uv and texture is not None:
            surface["baseColorTexture"] = {"index": self.texture(texture)}
        if has_uv and material.metallic_roughness is not None:
            surface["metallicRoughnessTexture"] = {"index": self.texture(material.metallic_roughness)}
        if has_uv and material.normal is not None:
            entry["normalTexture"] = {"index": self.texture(material.normal)}
        clear = has_uv and texture is not None and texture.shape[2] == 4 and (texture[:, :, 3] < 255).any()
        if clear or material.base_factor[3] < 1:
            entry["alphaMode"] = "BLEND"
        return entry

    def texture(self, pixels: Array) -> int:
        see_through = pixels.shape[2] == 4 and bool((pixels[:, :, 3] < 255).any())
        format = "png" if see_through else self.textures
        if format == "jpg":
            pixels = pixels[:, :, :3]
        content = write_image(Image(pixels), format, self.quality)
        images = self.document.setdefault("images", [])
        images.append(
            {"bufferView": self.view(content), "mimeType": f"image/{format.replace('jpg', 'jpeg')}"}
        )
        self.document["samplers"] = [{"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}]
        self.document.setdefault("textures", []).append({"source": len(images) - 1, "sampler": 0})
        return len(images) - 1

    def bytes(self) -> bytes:
        if len(self.body) >= 2**32 - 2**24:
            raise NodeError("the mesh is larger than the 4 GiB that GLB can hold", hint="simplify it")
        self.document["buffers"] = [{"byteLength": len(self.body)}]
        return glb(json.dumps(self.document, separators=(",", ":")).encode(), bytes(self.body))


def glb(document: bytes, body: bytes) -> bytes:
    """The GLB container: a header, the JSON chunk padded with spaces, the binary chunk padded with zeros."""
    document += b" " * (-len(document) % 4)
    chunks = struct.pack("<I4s", len(document), b"JSON") + document
    if body:
        padding = b"\0" * (-len(body) % 4)
        chunks += struct.pack("<I4s", len(body) + len(padding), b"BIN\0") + body + padding
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
