from __future__ import annotations

from pathlib import Path
from typing import Annotated

from meshloom.graph_runtime.spec import NodeError, OpenFile, Range, Run, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.photo._video import Reader, windows

SUFFIXES = ("mp4", "mov", "avi", "mkv", "webm", "m4v", "mpg", "mpeg", "wmv", "mts", "3gp")
VIDEO = tuple(f"*.{suffix}" for word in SUFFIXES for suffix in (word, word.upper()))


@node("Video frames", aliases=("movie", "extract frames", "mp4", "footage"))
def video_frames(
    file: Annotated[Path, OpenFile(VIDEO)] = Path(),
    count: Annotated[int, Range(1, 5000)] = 40,
    start: Annotated[float, Range(0, None, unit="s")] = 0.0,
    end: Annotated[float, Range(0, None, unit="s")] = 0.0,
    max_side: Annotated[int, Range(0, 20000, unit="px")] = 1600,
    candidates: Annotated[int, Range(1, 100)] = 8,
    *,
    run: Run,
) -> list[Image]:
    """Take frames from a video at even distances in time, each the sharpest of its stretch.

    The time between start and end is cut into ``count`` equal stretches; in each, up to ``candidates`` frames
    are looked at and the sharpest is kept (variance of the Laplacian). Frames are named by their number, for
    example ``clip_000120``. A video says nothing of its focal length.

    file: the video
    count: how many frames to take; a video with fewer gives all it has
    start: where to begin
    end: where to stop; 0 is the end of the video
    max_side: longer side at most this many pixels, made smaller by area averaging; 0 keeps them as they are
    candidates: frames looked at in each stretch; more is sharper and slower
    """
    if end and end <= start:
        raise NodeError(
            f"end ({end:g} s) is not after start ({start:g} s)", hint="set end to 0 for the whole video"
        )
    with Reader(file) as reader:
        first, last = reader.span(start, end, run)
        frames: list[Image] = []
        stretches = windows(first, last, count)
        reader.skip(first, run, len(stretches))
        for index, (begin, stop) in enumerate(stretches):
            run.progress(index, len(stretches), f"frame {index + 1}")
            best = reader.sharpest(begin, stop, candidates, run)
            if best is None:
                break
            number, pixels = best
            frames.append(reader.image(number, pixels, max_side))
        run.progress(1, 1, f"took {len(frames)} frames")
    if not frames:
        raise NodeError(
            f"{file.name} has no readable frame between {start:g} s and {f'{end:g} s' if end else 'its end'}",
            hint="check start and end, or convert the video to MP4 (H.264)",
        )
    if len(frames) < len(stretches):
        run.warn(f"{file.name} ends early or is damaged: took {len(frames)} of {len(stretches)} frames")
    return frames
