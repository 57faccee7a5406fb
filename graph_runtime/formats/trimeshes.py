"""Our mesh and trimesh's, both ways, in the same world (no change of axes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Material, Mesh

if TYPE_CHECKING:
    import trimesh

_COLOURS = "meshloom_colours"


def to_trimesh(mesh: Mesh) -> trimesh.Trimesh:
    """The same vertices in the same order as a ``trimesh.Trimesh``; its arrays are copies.

    The material becomes a ``PBRMaterial`` (its factors rounded to 8 bits); v is flipped, as trimesh counts it
    from the bottom. Beside a texture vertex colours have no place in trimesh: they travel as a vertex
    attribute, and :func:`from_trimesh` finds them there.
    """
    import trimesh

    visual: Any = trimesh.visual

    made = trimesh.Trimesh(
        vertices=np.array(mesh.vertices, np.float64),
        faces=np.array(mesh.faces, np.int64),
        vertex_normals=None if mesh.normals is None else np.array(mesh.normals, np.float64),
        process=False,
        validate=False,
    )
    if mesh.uv is not None:
        uv = np.column_stack([mesh.uv[:, 0], 1.0 - mesh.uv[:, 1].astype(np.float64)])
        made.visual = visual.TextureVisuals(uv=uv, material=_to_pbr(mesh.material or Material()))
        if mesh.colours is not None:
            made.vertex_attributes[_COLOURS] = np.array(mesh.colours)
    elif mesh.colours is not None:
        made.visual = visual.ColorVisuals(mesh=made, vertex_colors=np.array(mesh.colours))
    elif mesh.material is not None:
        made.visual = visual.TextureVisuals(material=_to_pbr(mesh.material))
    return made


def from_trimesh(made: trimesh.Trimesh) -> Mesh:
    """A ``trimesh.Trimesh`` as our mesh: its uv, material, vertex colours and, if it has them, normals.

    Face colours are kept by giving each face vertices of its own. Raises ``NodeError`` for a mesh that holds
    numbers that are not finite, or faces that name no vertex.
    """
    visual: Any = made.visual
    vertices, faces = np.asarray(made.vertices), np.asarray(made.faces)
    uv = normals = colours = material = None
    if visual is not None and visual.defined:
        if visual.kind == "texture":
            material = _from_material(visual.material)
            uv = _per_vertex(visual.uv, vertices, 2)
        elif visual.kind == "face":
            colours = np.asarray(visual.face_colors)[:, :3].repeat(3, axis=0)
            vertices, faces = vertices[faces.reshape(-1)], np.arange(faces.size).reshape(-1, 3)
        elif visual.kind == "vertex":
            colours = _per_vertex(visual.vertex_colors, vertices, 4)
    if colours is None:
        colours = _per_vertex(made.vertex_attributes.get(_COLOURS), vertices, 3)
    if len(vertices) == len(made.vertices) and "vertex_normals" in made._cache:
        normals = np.asarray(made.vertex_normals, np.float32)
    if uv is not None:
        uv = np.column_stack([uv[:, 0], 1.0 - uv[:, 1].astype(np.float64)]).astype(np.float32)
    return checked_mesh(
        "the mesh", vertices, faces, uv, normals, None if colours is None else colours[:, :3], material
    )


def checked_mesh(
    name: str,
    vertices: NDArray[Any],
    faces: NDArray[Any],
    uv: NDArray[Any] | None = None,
    normals: NDArray[Any] | None = None,
    colours: NDArray[Any] | None = None,
    material: Material | None = None,
) -> Mesh:
    """A mesh of arrays of any number type. Raises ``NodeError`` saying what in ``name`` makes none."""
    vertices = np.asarray(vertices).reshape(-1, 3)
    faces = np.asarray(faces).reshape(-1, 3)
    with np.errstate(over="ignore"):
        positions = vertices.astype(np.float32)
    broken = ~np.isfinite(positions).all(axis=1)
    if broken.any():
        raise NodeError(
            f"{name} has {int(broken.sum())} vertices that are no finite number, the first is "
            f"number {int(broken.argmax())}; expected finite coordinates",
            hint="export the model again, or repair it in another program",
        )
    if len(faces) and (faces.min() < 0 or faces.max() >= len(positions)):
        wrong = int(faces.min() if faces.min() < 0 else faces.max())
        raise NodeError(
            f"{name} has a face of vertex {wrong}; expected 0 to {len(positions) - 1}",
            hint="the file may be damaged; export the model again",
        )
    if uv is not None:
        uv = np.nan_to_num(np.asarray(uv, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if normals is not None:
        normals = np.nan_to_num(np.asarray(normals, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        unit = np.abs(lengths - 1) < 1e-4
        normals = np.where(unit, normals, normals / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    if colours is not None:
        colours = np.asarray(colours).astype(np.uint8)
    return Mesh(positions, faces.astype(np.int32), uv, normals, colours, material)


def _per_vertex(found: Any, vertices: NDArray[Any], width: int) -> NDArray[Any] | None:
    """``found`` if it has one row of at least ``width`` numbers a vertex; loaders leave other things too."""
    if found is None:
        return None
    found = np.asarray(found)
    return found if found.ndim == 2 and len(found) == len(vertices) and found.shape[1] >= width else None


def _to_pbr(material: Material) -> Any:
    import trimesh
    from PIL import Image as Pillow

    def picture(texture: NDArray[Any] | None) -> Pillow.Image | None:
        return (
            None
            if texture is None
            else Pillow.fromarray(texture[:, :, 0] if texture.shape[2] == 1 else texture)
        )

    kinds: Any = trimesh.visual.material
    return kinds.PBRMaterial(
        baseColorTexture=picture(material.base_colour),
        baseColorFactor=list(material.base_factor),
        metallicRoughnessTexture=picture(material.metallic_roughness),
        metallicFactor=material.metallic,
        roughnessFactor=material.roughness,
        normalTexture=picture(material.normal),
    )


def _from_material(found: Any) -> Material:
    """A material of trimesh's, PBR or the simple one of OBJ."""
    from trimesh.visual.material import PBRMaterial

    if not isinstance(found, PBRMaterial):
        image = texture_array(getattr(found, "image", None))
        diffuse = getattr(found, "diffuse", None)
        # Where there is a picture, a diffuse colour beside it is ignored, as most programs do.
        factor = (1.0, 1.0, 1.0, 1.0) if image is not None else _factor(diffuse)
        return Material(base_colour=image, base_factor=factor)
    metallic, roughness = found.metallicFactor, found.roughnessFactor
    return Material(
        base_colour=texture_array(found.baseColorTexture),
        base_factor=_factor(found.baseColorFactor),
        metallic_roughness=texture_array(found.metallicRoughnessTexture),
        # glTF's own defaults where nothing is said.
        metallic=1.0 if metallic is None else float(metallic),
        roughness=1.0 if roughness is None else float(roughness),
        normal=texture_array(found.normalTexture),
    )


def _factor(colour: Any) -> tuple[float, float, float, float]:
    if colour is None:
        return (1.0, 1.0, 1.0, 1.0)
    red, green, blue, alpha = (np.asarray(colour, np.float64)[:4] / 255).tolist()
    return (red, green, blue, alpha)


def texture_array(picture: Any) -> NDArray[np.uint8] | None:
    """A Pillow picture as (H, W, 3|4) uint8, ``None`` for none or one that cannot be decoded."""
    if picture is None:
        return None
    from PIL import Image as Pillow

    try:
        opaque = picture.mode in ("RGB", "L", "1", "CMYK", "YCbCr") and "transparency" not in picture.info
        return np.asarray(picture.convert("RGB" if opaque else "RGBA"), np.uint8)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        return None
