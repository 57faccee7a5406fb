from __future__ import annotations

from typing import Annotated, Literal

from meshloom.graph_runtime.formats.meshes import write_mesh
from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.spec import Run, Slider, node
from meshloom.graph_runtime.types import File, Mesh


@node("Save mesh", aliases=("write", "export model", "glb", "ply", "stl"))
def save(
    mesh: Mesh,
    format: Literal["glb", "ply", "stl"] = "glb",
    textures: Literal["png", "jpg"] = "png",
    quality: Annotated[int, Slider(1, 100)] = 90,
    name: str = "model",
    *,
    run: Run,
) -> File:
    """Make a model file, delivered into the output folder with the workflow that made it.

    GLB keeps everything and opens upright anywhere (+Y up). PLY keeps all but the material, with axes as they
    are (y down, the custom of COLMAP). STL (+Z up) keeps triangles only.

    textures: how GLB holds its textures: png is exact, jpg a good deal smaller
    quality: of jpg textures
    name: of the file, without extension
    """
    run.progress(0, 1, f"writing {format}")
    textured = mesh.material is not None and mesh.material.base_colour is not None
    if textured and format != "glb":
        run.warn(f"{format} holds no texture, so it is left out; GLB and OBJ keep it")
    elif format == "stl" and mesh.colours is not None:
        run.warn("STL holds no colours, so they are left out; GLB and PLY keep them")
    return make_file(f"{stem_of(name, '', 'model')}.{format}", write_mesh(mesh, format, textures, quality))
