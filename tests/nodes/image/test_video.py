from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.video import video


def frames(count: int = 5) -> list[Image]:
    return [Image(np.full((24, 33, 3), 40 * index, np.uint8)) for index in range(count)]


def test_mp4_holds_the_frames_in_order(tmp_path, run):
    import cv2

    file = video(frames(), "mp4", 10.0, name="walk", run=run)
    assert file.name == "walk.mp4"
    (tmp_path / file.name).write_bytes(file.data.tobytes())
    reader = cv2.VideoCapture(str(tmp_path / file.name), cv2.CAP_FFMPEG)
    found = []
    while True:
        more, frame = reader.read()
        if not more:
            break
        found.append(frame.mean())
    assert frame is None and len(found) == 5
    np.testing.assert_allclose(found, [0, 40, 80, 120, 160], atol=6)


def test_gif_goes_forth_and_back(run):
    file = video(frames(4), "gif", 10.0, forth_and_back=True, run=run)
    with Pillow.open(io.BytesIO(file.data.tobytes())) as picture:
        assert picture.n_frames == 6 and picture.size == (33, 24)


def test_alpha_is_shown_on_white_and_odd_pictures_are_told(run):
    clear = Image(np.zeros((8, 8, 4), np.uint8))
    with Pillow.open(io.BytesIO(video([clear], "gif", run=run).data.tobytes())) as picture:
        assert picture.convert("RGB").getpixel((4, 4)) == (255, 255, 255)
    with pytest.raises(NodeError, match="different sizes"):
        video([*frames(), clear], run=run)
    with pytest.raises(NodeError, match="no pictures"):
        video([], run=run)
