"""Dense matching between calibrated photographs, on the CPU.

The kernels share one way of writing a pinhole pair. A reference pixel p = (x + 0.5, y + 0.5, 1) with the
*plane number* q is seen in a source photo at ``turn @ p + shift * q`` (homogeneous pixels). Plane numbers
count evenly in inverse depth: q = 0 is the farthest plane, one step moves a match by about one pixel. A
surface that is flat in the world is affine in (x, y, q), so a slanted plane is (q, dq/dx, dq/dy).

Every kernel is single-threaded and releases the GIL: the caller splits rows or columns among threads.
(Numba's own threads, in its fallback layer, abort the process when two callers start kernels at once, as
independent branches of a graph do.) The reference photo is (H, W) float32 grey in 0..255; sources are
packed by ``sweep.quads`` and stacked in one padded array (N, H, W) beside ``sizes`` (N, 2) int32, width
and height.

``sweep``: matching cost of every plane. ``smooth``: semi-global smoothing and the winner. ``slant``:
propagation and refinement of slanted planes. ``agree``: what the depth maps of other views say.

Numba's cache on disk looks only at the file that a function is in: after changing a constant that another
module imports from here, touch that module, too.
"""
