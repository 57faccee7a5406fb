from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, Image, Splats


@node(
    "Colour splats from photos",
    aliases=("colour to sh", "spherical harmonics", "relight", "recolour", "bake"),
)
def recolour(
    splats: Splats,
    images: Sequence[Image],
    cameras: Cameras,
    sh_degree: Annotated[int, Range(0, 3)] = 1,
    max_side: Annotated[int, Range(16, 8192, unit="px")] = 800,
    tolerance: Annotated[float, Slider(0.002, 0.5, step=0.002)] = 0.03,
    *,
    run: Run,
) -> Splats:
    """Give splats the colours that photos show at their places, and how these change with the direction.

    Spherical harmonics by least squares over all photos that see a splat: not hidden behind what the scene itself
    shows there. Seconds, where training takes minutes; for splats of points or of a mesh. Those that no photo sees
    keep their colour.

    images: undistorted photos, one a camera; matched by name, else by order
    sh_degree: 0 is one colour from all sides; higher needs photos from many
    max_side: longer side at which photos are looked at
    tolerance: how far behind the scene's depth, as a share, a splat may lie and still be seen
    """
    from meshloom.kernels.splatting.arrays import Settings
    from meshloom.kernels.splatting.colouring import fitted
    from meshloom.nodes.splats._effort import MOST_BYTES
    from meshloom.nodes.splats._gaussians import extent_of, gaussians_of, need_splats
    from meshloom.nodes.splats._kernels import opened
    from meshloom.nodes.splats._photos import views_of

    need_splats(splats)
    width = (sh_degree + 1) ** 2
    needed = int(len(splats) * (width * width + 3 * width) * 8 * 1.4)  # sums of all photos, and solving them
    if needed > MOST_BYTES:
        raise NodeError(
            f"fitting {len(splats):,} splats needs about {needed / 2**30:.1f} GiB; the limit is"
            f" {MOST_BYTES >> 30} GiB",
            hint="lower sh_degree, or put splats.decimate before",
        )
    views = views_of(images, cameras, None, max_side, "ignore", "colour from")
    near = 0.002 * extent_of(splats)
    settings = Settings(antialiased=splats.antialiased, near=near, degree=0, geometry=True)
    scene = gaussians_of(splats)

    def seen() -> Iterator[tuple[Any, Any, Any]]:
        with opened(None, run.threads) as rasteriser:
            for index, (view, name) in enumerate(zip(views, cameras.names, strict=True)):
                run.progress(index, len(views), f"looking at {name or f'photo {index + 1}'}")
                median = rasteriser.render(scene, view.camera, settings).median
                assert median is not None
                if view.counts is not None:
                    # As if something stood before what does not count.
                    median = np.where(view.counts > 0.5, median, 1e-9).astype(np.float32)
                yield view.camera, np.ascontiguousarray(view.photo), median

    sh, photos = fitted(scene.means, seen(), sh_degree, tolerance)
    found = (photos > 0) & np.isfinite(sh).all(axis=(1, 2))
    if not found.any():
        raise NodeError(
            "no photo sees a splat: splats and cameras do not belong together",
            hint="connect the cameras that the scene was made with",
        )
    if not found.all():
        run.warn(
            f"{int((~found).sum()):,} of {len(found):,} splats are seen by no photo and keep their colour"
        )
        old = np.zeros_like(sh)
        kept = min(sh.shape[1], splats.sh.shape[1])
        old[:, :kept] = splats.sh[:, :kept]
        sh = np.where(found[:, None, None], sh, old)
    return Splats(
        splats.means,
        splats.quaternions,
        splats.scales,
        splats.opacities,
        np.clip(sh, -10, 10),
        splats.antialiased,
    )
