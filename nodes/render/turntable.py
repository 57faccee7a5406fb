"""A walk around the model."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import Colour, NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, File, Image, Mesh, PointCloud


class Turntable(NamedTuple):
    """The turn.

    frames: one picture an angle, in order, starting at the front
    file: all of them as an animation or a strip
    """

    frames: list[Image]
    file: File


@node("Turntable", aliases=("orbit", "spin", "animation", "gif", "video"))
def turntable(
    mesh: Mesh | None = None,
    points: PointCloud | None = None,
    cameras: Cameras | None = None,
    frames: Annotated[int, Range(1, 720)] = 36,
    elevation: Annotated[float, Slider(-85.0, 85.0, step=5.0, unit="°")] = 18.0,
    width: Annotated[int, Range(16, 4096, unit="px")] = 640,
    height: Annotated[int, Range(16, 4096, unit="px")] = 480,
    format: Literal["gif", "mp4", "webm", "png"] = "gif",
    rate: Annotated[float, Slider(1.0, 60.0, unit="frames/s")] = 15.0,
    shading: Literal["auto", "studio", "unlit"] = "auto",
    floor: bool = True,
    background: Annotated[tuple[float, float, float], Colour()] = (0.93, 0.935, 0.945),
    *,
    run: Run,
) -> Turntable:
    """Pictures all around a mesh, points and cameras, and an animation of them.

    The eye goes once around the vertical (-y) through the middle, at one height and distance that holds everything
    in every frame; the light goes with it. Any of the three inputs may be left out, but not all.

    frames: how many pictures, evenly spaced over the full turn
    elevation: how far above the horizon the eye is
    format: gif plays everywhere; mp4 (MPEG-4) and webm (VP9) are smaller and keep all colours; png is a strip
    rate: pictures a second of the animation
    shading: auto lights painted surfaces softly and bare ones like clay; unlit shows colours as they are
    floor: draw the soft shadow on the floor below the mesh
    background: colour of the backdrop
    """
    from meshloom.kernels.raycast.framing import direction, orbit
    from meshloom.nodes.render._stage import Stage

    run.progress(0.0, 1.0, "setting up")
    stage = Stage(mesh, points, cameras, run, shading, floor)
    front = stage.front()
    extent = stage.extent[:: max(1, len(stage.extent) // 5000)]
    views = orbit(
        extent, [direction(360 * k / frames, elevation, front) for k in range(frames)], (width, height)
    )
    pictures = []
    for index, view in enumerate(views):
        pictures.append(
            stage.picture(
                view,
                background,
                lambda done, index=index: run.progress(
                    0.15 + 0.8 * (index + done) / frames, 1.0, "rendering"
                ),
            )
        )
    run.progress(0.95, 1.0, "writing the file")
    data = encoded(pictures, format, rate, run)
    digits = len(str(frames - 1))
    images = [Image(picture, f"turn_{index:0{digits}d}.png") for index, picture in enumerate(pictures)]
    return Turntable(images, File(f"turntable.{format}", np.frombuffer(data, np.uint8)))


def encoded(pictures: list[NDArray[np.uint8]], format: str, rate: float, run: Run) -> bytes:
    """The pictures (H, W, 3) as the bytes of one file."""
    if format == "gif":
        return _gif(pictures, rate, run)
    if format == "png":
        from PIL import Image as Pillow

        buffer = io.BytesIO()
        Pillow.fromarray(np.concatenate(pictures, axis=1)).save(buffer, "PNG")
        return buffer.getvalue()
    return _video(pictures, format, rate, run)


def _gif(pictures: list[NDArray[np.uint8]], rate: float, run: Run) -> bytes:
    from PIL import Image as Pillow

    # One palette for all frames, so that what stands still does not flicker.
    some = pictures[:: max(1, len(pictures) // 8)]
    palette = Pillow.fromarray(np.concatenate([each[::2, ::2] for each in some], axis=0)).quantize(255)
    frames = []
    for index, picture in enumerate(pictures):
        run.progress(0.95 + 0.05 * index / len(pictures), 1.0, "writing the file")
        frames.append(
            Pillow.fromarray(picture).quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG)
        )
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=round(1000 / rate),
        loop=0,
        disposal=1,
    )
    return buffer.getvalue()


def _video(pictures: list[NDArray[np.uint8]], format: str, rate: float, run: Run) -> bytes:
    import cv2

    path = Path(run.scratch) / f"turntable.{format}"
    height, width = (side - side % 2 for side in pictures[0].shape[:2])  # video codecs want even sides
    if not (height and width):
        raise NodeError("a video needs at least 2x2 pixels", hint="raise width and height")
    code = cv2.VideoWriter_fourcc(*("mp4v" if format == "mp4" else "VP90"))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, (width, height))
    if not writer.isOpened():
        raise NodeError(f"this build of OpenCV cannot write {format} video", hint="choose gif or png")
    try:
        for index, picture in enumerate(pictures):
            run.progress(0.95 + 0.05 * index / len(pictures), 1.0, "writing the file")
            writer.write(np.ascontiguousarray(picture[:height, :width, ::-1]))
    finally:
        writer.release()
    return path.read_bytes()
