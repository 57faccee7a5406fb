"""Where a scene made from photos is looked at from at first: where one of them was taken."""

from __future__ import annotations

import numpy as np

from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.soft import Soft
from meshloom.ui.viewport.things import Stands, Thing

#: Splats that are asked for who sees them.
_ASKED = 5000
#: Cameras that see less than this part of a scene are not those that it was made with. (In a room, one sees little.)
_LEAST = 0.03
#: Cameras that are looked through, evenly spread where there are more.
_MOST_CAMERAS = 200


def first_eye(thing: Thing, eye: Eye) -> Eye | None:
    """The eye at the camera that sees most of a scene of splats; its target as far away as what it sees.

    ``None`` for other things, before they are made ready, without cameras, or where those see nothing of it.
    """
    soft = thing._made
    if thing.seen_from is None or not isinstance(soft, Soft):
        return None
    some = soft.positions[: min(soft.solid, _ASKED)].astype(np.float64)
    best, most = None, _LEAST
    views = [view for view in Stands(thing.seen_from).views if view.focal > 0 and min(view.size) > 0]
    for view in views[:: -(-len(views) // _MOST_CAMERAS) or 1]:
        pixels = np.column_stack([some, np.ones(len(some))]) @ view.projection().T
        depth = pixels[:, 2]
        with np.errstate(all="ignore"):
            at = pixels[:, :2] / depth[:, None]
            seen = (depth > 0) & (at >= 0).all(axis=1) & (at < view.size).all(axis=1)
        share = float(seen.mean()) if len(seen) else 0.0
        if share > most:
            best, most = eye.at_camera(view, float(np.median(depth[seen]))), share
    return best
