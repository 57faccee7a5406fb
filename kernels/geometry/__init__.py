"""Shapes as arrays: placing, aligning and comparing them. Shared by nodes of meshes and of clouds."""
