"""Photos seen from elsewhere: depth maps drawn into another camera, and colours of several photos blended there.

Arrays in, arrays out; cameras are pinholes in OpenCV axes. Source: Buehler et al., "Unstructured Lumigraph
Rendering", 2001, for the blending; depth maps are drawn as meshes, cut where depth jumps.
"""
