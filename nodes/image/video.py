from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.formats.names import make_file, stem_of
from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import File, Image


@node("Make video", aliases=("animation", "gif", "mp4", "webm", "frames to video", "fly-through"))
def video(
    images: Sequence[Image],
    format: Literal["mp4", "webm", "gif"] = "mp4",
    rate: Annotated[float, Slider(1.0, 60.0, unit="frames/s")] = 24.0,
    forth_and_back: bool = False,
    name: str = "video",
    *,
    run: Run,
) -> File:
    """Pictures of one size, one after the other, as a video.

    Transparent parts are shown on white. Sides are cut to even numbers of pixels, which video codecs want.

    images: the frames in order
    format: mp4 (MPEG-4) and webm (VP9) keep all colours; gif plays everywhere, with 255
    rate: frames a second
    forth_and_back: play to the end and back again
    name: of the file, without extension
    """
    if not images:
        raise NodeError("there are no pictures to play; expected one or more", hint="connect the frames")
    sizes = {(image.width, image.height) for image in images}
    if len(sizes) > 1:
        raise NodeError(
            f"the pictures have {len(sizes)} different sizes; expected one", hint="put image.resize before"
        )
    order = list(range(len(images)))
    if forth_and_back:
        order += order[-2:0:-1]
    stem = stem_of(name, "", "video")
    data = _gif(images, order, rate, run) if format == "gif" else _video(images, order, format, rate, run)
    return make_file(f"{stem}.{format}", data)


def _rgb(image: Image) -> np.ndarray:
    pixels = image.as_uint8()
    if pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:].astype(np.float32) / 255
        pixels = (pixels[:, :, :3] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
    return np.ascontiguousarray(Image(np.ascontiguousarray(pixels)).rgb())


def _gif(images: Sequence[Image], order: list[int], rate: float, run: Run) -> bytes:
    from PIL import Image as Pillow

    some = [_rgb(images[index])[::2, ::2] for index in order[:: max(1, len(order) // 8)]]
    palette = Pillow.fromarray(np.concatenate(some, axis=0)).quantize(255)
    frames = []
    for done, index in enumerate(order):
        run.progress(done, len(order), "writing the video")
        frame = Pillow.fromarray(_rgb(images[index]))
        frames.append(frame.quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG))
    buffer = io.BytesIO()
    shown = round(1000 / rate)
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=shown, loop=0, disposal=1)
    return buffer.getvalue()


def _video(images: Sequence[Image], order: list[int], format: str, rate: float, run: Run) -> bytes:
    import cv2

    path = Path(run.scratch) / f"video.{format}"
    height, width = (side - side % 2 for side in (images[0].height, images[0].width))
    if not (height and width):
        raise NodeError("a video needs at least 2 x 2 pixels", hint="use larger pictures")
    code = cv2.VideoWriter_fourcc(*("mp4v" if format == "mp4" else "VP90"))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, rate, (width, height))
    if not writer.isOpened():
        raise NodeError(f"this build of OpenCV cannot write {format} video", hint="choose gif")
    try:
        for done, index in enumerate(order):
            run.progress(done, len(order), "writing the video")
            writer.write(np.ascontiguousarray(_rgb(images[index])[:height, :width, ::-1]))
    finally:
        writer.release()
    return path.read_bytes()
