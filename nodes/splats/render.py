from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import Colour, NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, DepthMap, Image, Splats, SplattingKernel


class Rendered(NamedTuple):
    """
    images: RGB on the background, or RGBA, uint8, one a camera and named like it
    depths: distance along the optical axis, with the picture's alpha as confidence; 0 where little is seen
    normals: surface normals in camera axes (x right, y down, z forward) as 0.5 + 0.5 n, uint8 RGB
    """

    images: list[Image]
    depths: list[DepthMap]
    normals: list[Image]


@node("Render splats", aliases=("novel view", "view synthesis", "gaussian splatting", "depth of splats"))
def render(
    splats: Splats,
    cameras: Cameras,
    kernel: SplattingKernel | None = None,
    scale: Annotated[float, Slider(0.05, 4.0, step=0.05)] = 1.0,
    max_side: Annotated[int, Range(0, 8192, unit="px")] = 0,
    background: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    transparent: bool = False,
    depth: Literal["median", "mean"] = "median",
    min_alpha: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.5,
    sh_degree: Annotated[int, Range(0, 3)] = 3,
    *,
    run: Run,
) -> Rendered:
    """Draw the scene through every camera: pictures, depth and normals.

    EWA splatting with exact tile lists, as in training; colours are sRGB.

    kernel: what draws, from kernels.splatting; without it our own for processors
    scale: size of the pictures relative to the cameras' own
    max_side: longer side of the pictures at most; 0 = as the cameras say
    background: what shines through
    transparent: keep the alpha instead (straight, not premultiplied), with the background under it
    depth: median is where half of the light is gone, which follows surfaces; mean is the weighted mean
    min_alpha: pixels that show less of the scene than this get no depth
    sh_degree: 0 leaves out how colours change with the direction
    """
    from meshloom.kernels.splatting.arrays import Settings
    from meshloom.nodes.splats._gaussians import cameras_of, extent_of, gaussians_of, need_splats
    from meshloom.nodes.splats._kernels import opened

    need_splats(splats)
    pinholes = cameras_of(cameras, "look through")
    near = 0.002 * extent_of(splats)
    settings = Settings(antialiased=splats.antialiased, near=near, degree=sh_degree, geometry=True)
    scene = gaussians_of(splats)
    images, depths, normals = [], [], []
    with opened(kernel, run.threads) as rasteriser:
        for index, (camera, name) in enumerate(zip(pinholes, cameras.names, strict=True)):
            run.progress(index, len(pinholes), f"drawing {name or f'view {index + 1}'}")
            factor = scale * (
                1.0 if not max_side else min(1.0, max_side / (scale * max(camera.width, camera.height)))
            )
            size = (max(1, round(camera.width * factor)), max(1, round(camera.height * factor)))
            if max(size) > 16_384:
                raise NodeError(
                    f"a picture would be {size[0]} x {size[1]}; the limit is 16,384", hint="lower scale"
                )
            seen = camera.resized(*size)
            frame = rasteriser.render(scene, seen, settings)
            alpha = np.clip(frame.alpha, 0, 1)
            colour = frame.over(np.array(background))
            if transparent:
                straight = frame.colour / np.maximum(alpha, 1e-6)
                under = np.array(background, np.float32)[:, None, None]
                colour = np.concatenate([np.where(alpha > 1 / 512, straight, under), alpha[None]])
            images.append(Image(_bytes(colour), name, seen.fx))
            assert frame.depth is not None and frame.normal is not None
            if depth == "median" and frame.median is None and not index:
                run.warn("the kernel draws no median depth; depths are the weighted mean")
            plane = frame.median if depth == "median" else None
            if plane is None:
                plane = frame.depth / np.maximum(alpha, 1e-6)
            depths.append(
                DepthMap(np.where(alpha >= max(min_alpha, 1e-3), plane, 0).astype(np.float32), alpha, name)
            )
            length = np.linalg.norm(frame.normal, axis=0)
            normal = np.where(length > 1e-6, frame.normal / np.maximum(length, 1e-6), 0)
            normals.append(Image(_bytes(0.5 + 0.5 * normal), name, seen.fx))
    return Rendered(images, depths, normals)


def _bytes(planes: np.ndarray) -> np.ndarray:
    """(C, H, W) in 0..1 to (H, W, C) uint8."""
    return np.ascontiguousarray(np.moveaxis((np.clip(planes, 0, 1) * 255 + 0.5).astype(np.uint8), 0, 2))
