"""Digests of files: touched for free, edited for certain."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from meshloom.graph_runtime import stamps as module
from meshloom.graph_runtime.disk import DiskStore
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.stamps import Stamps


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "words.txt"
    made.write_text("one")
    return made


def test_the_content_counts_not_the_time_nor_the_place(file: Path, tmp_path: Path) -> None:
    stamps = Stamps()
    first = stamps.file(file)
    os.utime(file, (1, 1))
    copy = tmp_path / "copy"
    copy.write_text("one")
    assert stamps.file(file) == stamps.file(copy) == first
    file.write_text("two")
    assert stamps.file(file) != first


def test_an_edit_of_equal_length_within_one_tick_is_seen(file: Path) -> None:
    stamps = Stamps()
    for _ in range(20):
        file.write_text("one")
        first = stamps.file(file)
        file.write_text("two")
        assert stamps.file(file) != first


def test_an_edit_with_the_time_set_back_is_seen(file: Path) -> None:
    time.sleep(0.06)
    stamps = Stamps()
    stat = file.stat()
    first = stamps.file(file)
    assert stamps._known
    with file.open("r+") as held:  # the same file, length and time
        held.write("two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert stamps.file(file) != first


def test_a_settled_file_is_read_once_also_by_the_next_process(file: Path, tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "cache")
    time.sleep(0.06)
    first = Stamps(store).file(file)
    store.flush()
    stat = file.stat()
    mark = f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"
    assert store.stamp(str(file.resolve()), mark) == first
    store.remember_stamp(str(file.resolve()), mark, "remembered")
    store.flush()
    assert Stamps(store).file(file) == "remembered"
    store.close()


def test_a_folder_is_its_names_and_contents(tmp_path: Path) -> None:
    stamps = Stamps()
    folder = tmp_path / "photos"
    (folder / "sub.jpg").mkdir(parents=True)
    (folder / "a.jpg").write_text("a")
    seen = [stamps.folder(folder, ["*.jpg"])]
    (folder / "notes.txt").write_text("ignored")
    assert stamps.folder(folder, ["*.jpg"]) == seen[0]
    (folder / "b.jpg").write_text("b")
    seen.append(stamps.folder(folder, ["*.jpg"]))
    (folder / "b.jpg").rename(folder / "c.jpg")
    seen.append(stamps.folder(folder, ["*.jpg"]))
    (folder / "c.jpg").unlink()
    assert stamps.folder(folder, ["*.jpg"]) == seen[0]
    assert len(set(seen)) == 3


def test_names_that_are_not_unicode_and_broken_links_are_told_apart(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "cache")
    stamps = Stamps(store)
    folder = tmp_path / "photos"
    folder.mkdir()
    odd = os.fsdecode(os.fsencode(folder) + b"/Stra\xdfe.jpg")
    with open(odd, "wb") as held:  # noqa: PTH123
        held.write(b"x")
    first = stamps.folder(folder, ["*.jpg"])
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere")
    assert stamps.folder(folder, ["*.jpg"]) != first
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    assert stamps.folder(folder, ["*.jpg"]) != first
    store.close()
    assert store.writable


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone", "does not exist"),
        (".", "is a folder; expected a file"),
        ("words.txt/x", "is no folder"),
        ("fifo", "is no ordinary file; expected a file"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_is_no_file_is_said_at_once(file: Path, name: str, said: str) -> None:
    os.mkfifo(file.parent / "fifo")  # opened, it would wait for ever
    with pytest.raises(MeshloomError, match=said):
        Stamps().file(file.parent / name)


def test_what_is_no_folder_is_said(file: Path) -> None:
    for path in (file, file.parent / "gone", file.parent / ("x" * 300)):
        with pytest.raises(MeshloomError, match="expected a folder"):
            Stamps().folder(path, ["*"])


def test_the_clock_of_the_file_system_may_be_ahead(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_now_ns", lambda: 10**9)
    stamps = Stamps()
    first = stamps.file(file)
    assert stamps.file(file) == first
