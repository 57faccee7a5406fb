from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.formats.meshes import PATTERNS, read_mesh
from meshloom.graph_runtime.spec import OpenFile, Run, node
from meshloom.graph_runtime.types import Mesh

#: What glTF and OBJ files refer to in their folder.
BESIDE = ("*.bin", "*.mtl", "*.png", "*.jpg", "*.jpeg")


@node("Load mesh", aliases=("open", "read", "import model", "glb", "gltf", "obj", "ply", "stl"))
def load(file: Annotated[Path, OpenFile(PATTERNS, BESIDE)] = Path(), *, run: Run) -> Mesh:
    """Read a 3D model: GLB, glTF, PLY, OBJ (with its materials) or STL.

    A scene is flattened into one mesh. One material stays as it is; several with textures are joined in one
    atlas, several plain ones become vertex colours. Axes are converted to y down: GLB, glTF and OBJ are +Y
    up, STL is +Z up, PLY is taken as it is. Files that a .gltf or .obj needs are looked for beside it; save
    as GLB to have everything in one file.

    file: the model
    """
    run.progress(0, 1, f"reading {file.name}")
    return read_mesh(file, run.warn)
