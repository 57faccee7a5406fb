"""Reading a video frame by frame with OpenCV."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run
from meshloom.graph_runtime.types import Image
from meshloom.nodes.photo._sharpness import grey, sharpness

Pixels = NDArray[np.uint8]


def windows(first: int, last: int, count: int) -> list[tuple[int, int]]:
    """Frames ``first`` to ``last`` (exclusive) as at most ``count`` near equal stretches, none empty."""
    count = min(count, last - first)
    edges = [first + (last - first) * index // count for index in range(count + 1)] if count > 0 else []
    return list(itertools.pairwise(edges))


class Reader:
    """A video open for reading from its beginning; a context. ``NodeError`` if it is no video."""

    def __init__(self, path: Path) -> None:
        import cv2

        if str(path) in ("", ".") or not path.is_file():
            missing = "no video is chosen" if str(path) in ("", ".") else f"{path} is no file"
            raise NodeError(f"{missing}; expected a video", hint="choose a video file, such as .mp4")
        if path.stat().st_size == 0:
            raise NodeError(f"{path.name} is empty (0 bytes); expected a video", hint="copy the file again")
        self._path = path
        # Said outright: other back ends would take a file name with %d in it as a series of pictures.
        self._video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._video.isOpened():
            self._video.release()
            raise NodeError(
                f"{path.name} cannot be read as a video", hint="convert it to MP4 (H.264) and try again"
            )
        self._at = 0

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._video.release()

    def span(self, start: float, end: float, run: Run) -> tuple[int, int]:
        """First frame, and the one after the last, for ``start`` to ``end`` in seconds (0: all)."""
        import cv2

        rate = self._video.get(cv2.CAP_PROP_FPS)
        if not np.isfinite(rate) or rate <= 0:
            rate = 25.0
        total = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT))
        if total <= 0:
            total = self._count(run)
        first = round(start * rate)
        last = min(total, round(end * rate)) if end else total
        if first >= total:
            raise NodeError(
                f"{self._path.name} lasts {total / rate:.1f} s; start is {start:g} s",
                hint="choose an earlier start",
            )
        return first, max(last, first + 1)

    def _count(self, run: Run) -> int:
        """Frames counted by reading, for a container that does not say (a stream, a cut recording)."""
        import cv2

        count = 0
        while self._video.grab():
            count += 1
            run.progress(0, 1, f"counting frames: {count}")
        self._video.release()
        self._video = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        return count

    def skip(self, first: int, run: Run, total: int) -> None:
        """Go on to frame ``first``: by reading, since seeking in many containers lands somewhere near."""
        while self._at < first and self._video.grab():
            self._at += 1
            run.progress(0, total, f"going to frame {first}")

    def sharpest(self, begin: int, stop: int, candidates: int, run: Run) -> tuple[int, Pixels] | None:
        """Number and pixels of the sharpest of ``candidates`` frames in [begin, stop); ``None``: the end."""
        looked_at = set(
            np.linspace(begin, stop - 1, min(candidates, stop - begin)).round().astype(int).tolist()
        )
        best: tuple[float, int, Pixels] | None = None
        while self._at < stop:
            run.check()
            if not self._video.grab():
                break
            number, self._at = self._at, self._at + 1
            if number not in looked_at:
                continue
            good, pixels = self._video.retrieve()
            if good:
                frame = np.asarray(pixels, np.uint8)
                score = sharpness(grey(Image(_rgb(frame)), 512))
                if best is None or score > best[0]:
                    best = (score, number, frame)
        return None if best is None else (best[1], best[2])

    def image(self, number: int, pixels: Pixels, max_side: int) -> Image:
        """A frame as a value, no longer than ``max_side`` (0: any)."""
        import cv2

        height, width = pixels.shape[:2]
        if max_side and max(height, width) > max_side:
            scale = max_side / max(height, width)
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        return Image(_rgb(pixels), f"{self._path.stem}_{number:06d}")


def _rgb(pixels: NDArray[Any]) -> Pixels:
    """(H, W, 3) RGB from OpenCV's BGR or grey."""
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    return np.ascontiguousarray(pixels[:, :, ::-1])
