"""Pictures of meshes and points without a graphics card: Embree rays (through Open3D) and z-buffered points.

Arrays in, arrays out. Build a :class:`Scene` once, then ``render`` it through any :class:`View`; work goes in
tiles of rows so that a caller can stop, or show what there is, between two.
"""
