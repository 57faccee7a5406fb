"""The mesh as the photographs' cameras see it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, Image, Mesh


@node("Render through cameras", aliases=("re-render", "project", "compare with photos"))
def cameras(
    mesh: Mesh,
    cameras: Cameras,
    scale: Annotated[float, Slider(0.05, 2.0, step=0.05)] = 1.0,
    shading: Literal["unlit", "studio"] = "unlit",
    samples: Annotated[int, Range(1, 4)] = 2,
    background: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    *,
    run: Run,
) -> list[Image]:
    """Draw the mesh through every camera, pixel for pixel over the photos.

    The pictures are RGBA uint8 of the cameras' sizes times ``scale``, named like the photos; alpha is the part of
    the pixel that shows the mesh. Lens distortion is followed. Texture, else vertex colours, else grey.

    scale: size of the pictures relative to the photos
    shading: unlit shows the surface's own colour, for comparing with photos; studio lights it
    samples: rays per pixel along each side; more gives smoother edges
    background: colour under the transparent pixels
    """
    from meshloom.kernels.raycast.light import CLAY, SOFT, UNLIT
    from meshloom.kernels.raycast.render import render
    from meshloom.nodes.render._scene import scene_of, views_of

    if not len(cameras):
        raise NodeError(
            "there are no cameras to look through", hint="connect the cameras of a reconstruction"
        )
    scene = scene_of(mesh, run.threads)
    look = UNLIT if shading == "unlit" else (SOFT if scene.painted else CLAY)
    under = np.array(background, np.float32)
    out = []
    for index, (view, name) in enumerate(zip(views_of(cameras), cameras.names, strict=True)):
        size = [max(1, round(side * scale)) for side in view.size]
        frame = render(
            scene,
            view.resized(*size),
            look,
            samples=samples,
            between=lambda done, index=index: run.progress(index + done, len(cameras), "rendering"),
        )
        colour = np.where(frame.alpha[..., None] > 0, frame.colour, under)
        pixels = np.concatenate([colour, frame.alpha[..., None]], axis=2)
        out.append(
            Image((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8), name, view.resized(*size).focal)
        )
    return out
