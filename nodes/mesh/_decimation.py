"""Decimation as work for a process of its own: fast-simplification keeps its mesh in global variables."""

from __future__ import annotations

import numpy as np

from meshloom.nodes.mesh._apart import Arrays, Say


def decimate(inputs: Arrays, say: Say) -> Arrays:
    """``vertices`` of about unit size, ``faces``, ``settings`` (faces wanted, aggressiveness, keep the
    border) -> ``vertices``, ``faces``."""
    from fast_simplification import simplify

    target, aggressiveness, border = inputs["settings"]
    vertices, faces = simplify(
        inputs["vertices"],
        inputs["faces"],
        target_count=int(target),
        agg=float(aggressiveness),
        preserve_border=bool(border),
    )
    return {"vertices": vertices, "faces": np.asarray(faces, np.int32)}
