from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.errors import Cancelled, NodeError
from meshloom.graph_runtime.formats.exif import exif_bytes
from meshloom.nodes.photo.load_folder import load_folder


def save(path: Path, width: int = 40, height: int = 30, seed: int = 0, **more: object) -> None:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Pillow.fromarray(noise).save(path, **more)


def test_photos_come_in_natural_order(tmp_path, run):
    for name in ("img_10.png", "img_9.png", "IMG_1.JPG", "img_2.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a photo")
    photos = load_folder(tmp_path, run=run)
    assert [image.name for image in photos.images] == ["IMG_1.JPG", "img_2.png", "img_9.png", "img_10.png"]
    assert [row[0] for row in photos.report.rows] == [image.name for image in photos.images]
    assert {row[4] for row in photos.report.rows} == {"read"}
    assert load_folder(tmp_path, every=2, run=run).report.rows == photos.report.rows[::2]


def test_photos_are_made_smaller_and_their_focal_length_follows(tmp_path, run):
    save(tmp_path / "a.jpg", 400, 300, exif=exif_bytes(400, 300, 500.0))
    full = load_folder(tmp_path, max_side=0, run=run).images[0]
    small = load_folder(tmp_path, max_side=100, run=run).images[0]
    assert (full.width, full.height) == (400, 300)
    assert full.focal_px == pytest.approx(500, rel=0.02)
    assert (small.width, small.height) == (100, 75)
    assert small.focal_px == pytest.approx(full.focal_px / 4, rel=0.01)


def test_each_photo_is_remembered_by_itself(tmp_path, run):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    load_folder(tmp_path, run=run)
    assert [parts[0] for kind, parts in run.remembered if kind == "photo"] == [
        tmp_path / "a.png",
        tmp_path / "b.png",
    ]


def test_what_cannot_be_read_is_left_out_and_named(tmp_path, run):
    save(tmp_path / "good.png")
    save(tmp_path / "whole.jpg", 200, 200)
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:3000])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    photos = load_folder(tmp_path, run=run)
    result = {row[0]: row[4] for row in photos.report.rows}
    assert [image.name for image in photos.images] == ["good.png", "whole.jpg"]
    assert {name for name, words in result.items() if words != "read"} == {
        "cut.jpg",
        "empty.jpg",
        "text.png",
        "phone.HEIC",
        "gone.jpg",
        "loop.jpg",
        "pipe.jpg",
    }
    assert "0 bytes" in result["empty.jpg"]
    assert "HEIC" in result["phone.HEIC"]
    assert "link" in result["gone.jpg"]
    assert len(run.warnings) == 7


@pytest.mark.skipif(os.access("/root", os.R_OK), reason="the superuser may read everything")
def test_a_photo_without_permission_is_left_out(tmp_path, run):
    for name in ("good.png", "secret.png"):
        save(tmp_path / name)
    (tmp_path / "secret.png").chmod(0)
    assert "may not be read" in load_folder(tmp_path, run=run).report.rows[1][4]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: path / "missing", "does not exist"),
        (lambda path: ((path / "a.txt").write_text("") and path) or path, "no photos"),
        (lambda path: (path / "a.png").touch() or path, "none of the 1 files"),
        (lambda path: (path / "f").write_text("x") and path / "f", "is a file"),
        (lambda path: Path(), "no folder is chosen"),
    ],
)
def test_nothing_to_read_is_an_error_that_says_what_to_do(tmp_path, run, prepare, words):
    with pytest.raises(NodeError, match=words) as raised:
        load_folder(prepare(tmp_path), run=run)
    assert raised.value.hint


def test_a_folder_link_that_leads_to_itself_is_an_error(tmp_path, run):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(NodeError, match=r"cannot be listed|does not exist"):
        load_folder(tmp_path / "loop", run=run)


def test_reading_can_be_cancelled(tmp_path, run):
    for index in range(3):
        save(tmp_path / f"{index}.png")

    def progress(done: float, total: float = 1, message: str = "") -> None:
        if done >= 1:
            raise Cancelled

    run.progress = progress
    with pytest.raises(Cancelled):
        load_folder(tmp_path, run=run)
    assert len(run.remembered) == 1
