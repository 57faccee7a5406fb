from __future__ import annotations

from meshloom.graph_runtime.formats.meshes import write_obj
from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import File, Mesh


@node("Save mesh as OBJ", aliases=("write", "export model", "wavefront", "mtl"))
def save_obj(mesh: Mesh, name: str = "model", *, run: Run) -> list[File]:
    """Make an OBJ with its material file and texture, for programs that do not open GLB.

    +Y up. Coordinates come back exactly; of the material, colour and base texture are kept.

    name: of the files, without extension
    """
    run.progress(0, 1, "writing obj")
    # Names inside the files are words without spaces.
    stem = stem_of(name, "", "model").replace(" ", "_")
    return [make_file(file, data) for file, data in write_obj(mesh, stem).items()]
