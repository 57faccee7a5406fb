from __future__ import annotations

from collections.abc import Sequence

from meshloom.graph_runtime.formats.splat_parts import joined
from meshloom.graph_runtime.spec import NodeError, Run, node
from meshloom.graph_runtime.types import Splats


@node("Merge splats", aliases=("join", "combine", "concatenate"))
def merge(scenes: Sequence[Splats], *, run: Run) -> Splats:
    """All splats of several scenes in one.

    Bands of colour that some lack are filled with zeros, which changes nothing.

    scenes: in one world; put splats.transform before those that are not
    """
    if not scenes:
        raise NodeError("there are no scenes to merge; expected one or more", hint="connect some")
    ways = [scene.antialiased for scene in scenes if len(scene)]
    if len(set(ways)) > 1:
        run.warn("some scenes were trained antialiased and some not; all are drawn as the first one is")
    return joined(scenes, ways[0] if ways else scenes[0].antialiased)
