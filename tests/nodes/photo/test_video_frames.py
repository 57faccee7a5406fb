from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from meshloom.graph_runtime.errors import Cancelled, NodeError
from meshloom.nodes.photo.video_frames import video_frames

FRAMES, RATE = 30, 10


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """30 frames; brightness tells the frame, every fifth is sharp and the others are blurred."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (160, 120))
    noise = np.random.default_rng(0).integers(0, 60, (120, 160, 3), dtype=np.uint8)
    for index in range(FRAMES):
        frame = noise + np.uint8(index * 6)
        writer.write(frame if index % 5 == 2 else cv2.GaussianBlur(frame, (0, 0), 3))
    writer.release()
    return path


def test_the_sharpest_frame_of_each_stretch_is_taken(clip, run):
    frames = video_frames(clip, count=6, run=run)
    assert [frame.name for frame in frames] == [f"clip_{index:06d}" for index in (2, 7, 12, 17, 22, 27)]
    brightness = [frame.pixels.mean() - 29.5 for frame in frames]
    assert np.allclose(brightness, [index * 6 for index in (2, 7, 12, 17, 22, 27)], atol=4)


def test_a_part_of_the_video_made_smaller(clip, run):
    frames = video_frames(clip, count=2, start=1.0, end=2.0, max_side=80, run=run)
    assert [frame.name for frame in frames] == ["clip_000012", "clip_000017"]
    assert {(frame.width, frame.height) for frame in frames} == {(80, 60)}


def test_asking_for_more_frames_than_there_are_gives_all(clip, run):
    assert len(video_frames(clip, count=100, run=run)) == FRAMES


def test_what_is_no_video_says_so(clip, tmp_path, run):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("hello" * 100)
    for name, words in (("empty.mp4", "0 bytes"), ("text.mp4", "cannot be read"), ("no.mp4", "no file")):
        with pytest.raises(NodeError, match=words):
            video_frames(tmp_path / name, run=run)
    with pytest.raises(NodeError, match="no video is chosen"):
        video_frames(run=run)
    with pytest.raises(NodeError, match=r"lasts 3\.0 s"):
        video_frames(clip, start=9.0, run=run)
    with pytest.raises(NodeError, match="not after start"):
        video_frames(clip, start=2.0, end=1.0, run=run)


def test_a_cut_off_video_gives_what_it_has_with_a_warning(clip, tmp_path, run):
    data = clip.read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) * 6 // 10])
    frames = video_frames(tmp_path / "cut.avi", count=30, run=run)
    assert 10 <= len(frames) < 30
    assert run.warnings


def test_reading_can_be_cancelled(clip, run):
    def progress(done: float, total: float = 1, message: str = "") -> None:
        if done >= 2:
            raise Cancelled

    run.progress = progress
    with pytest.raises(Cancelled):
        video_frames(clip, count=6, run=run)
