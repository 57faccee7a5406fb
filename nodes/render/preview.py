"""One good picture."""

from __future__ import annotations

from typing import Annotated, Literal

from meshloom.graph_runtime.spec import Colour, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, Image, Mesh, PointCloud


@node("Preview picture", aliases=("thumbnail", "screenshot", "render", "beauty"))
def preview(
    mesh: Mesh | None = None,
    points: PointCloud | None = None,
    cameras: Cameras | None = None,
    azimuth: Annotated[float, Slider(-180.0, 180.0, step=5.0, unit="°")] = 35.0,
    elevation: Annotated[float, Slider(-85.0, 85.0, step=5.0, unit="°")] = 20.0,
    width: Annotated[int, Range(16, 8192, unit="px")] = 1280,
    height: Annotated[int, Range(16, 8192, unit="px")] = 960,
    shading: Literal["auto", "studio", "unlit"] = "auto",
    floor: bool = True,
    background: Annotated[tuple[float, float, float], Colour()] = (0.93, 0.935, 0.945),
    *,
    run: Run,
) -> Image:
    """A picture of a mesh, points and cameras together, framed and lit by itself.

    Any of the three inputs may be left out, but not all. Far strays are ignored when framing. The world is y-down:
    up in the picture is -y.

    mesh: drawn with its texture, else its vertex colours, else as grey clay
    points: drawn as small discs, darkened where they lie behind others (eye-dome lighting)
    cameras: drawn as wire pyramids, from blue (first photo) to orange (last)
    azimuth: turn to the right from the front; the front is where most cameras stand, else -z
    elevation: how far above the horizon the eye is
    shading: auto lights painted surfaces softly and bare ones like clay; unlit shows colours as they are
    floor: draw the soft shadow on the floor below the mesh
    background: colour of the backdrop
    """
    from meshloom.kernels.raycast.framing import direction, framed
    from meshloom.nodes.render._stage import Stage

    run.progress(0.0, 1.0, "setting up")
    stage = Stage(mesh, points, cameras, run, shading, floor)
    view = framed(stage.extent, direction(azimuth, elevation, stage.front()), (width, height))
    pixels = stage.picture(view, background, lambda done: run.progress(0.15 + 0.85 * done, 1.0, "rendering"))
    return Image(pixels, "preview.png", view.focal)
