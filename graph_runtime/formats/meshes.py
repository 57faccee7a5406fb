"""Meshes in files and in trimesh."""

from meshloom.graph_runtime.formats.trimeshes import checked_mesh, from_trimesh, to_trimesh

__all__ = ["checked_mesh", "from_trimesh", "to_trimesh"]
