from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.photo.load_files import load_files


def save(path, shade):
    path.parent.mkdir(exist_ok=True)
    Pillow.fromarray(np.full((8, 12, 3), shade, np.uint8)).save(path)
    return path


def test_files_keep_their_order_and_equal_names_are_told_apart(tmp_path, run):
    files = (
        save(tmp_path / "z" / "a.png", 10),
        save(tmp_path / "y" / "a.png", 20),
        save(tmp_path / "b.png", 30),
    )
    photos = load_files(files, run=run)
    assert [image.name for image in photos.images] == ["a.png", "a~2.png", "b.png"]
    assert [int(image.pixels[0, 0, 0]) for image in photos.images] == [10, 20, 30]


def test_a_missing_file_is_left_out_with_a_warning(tmp_path, run):
    photos = load_files((save(tmp_path / "a.png", 1), tmp_path / "b.png"), run=run)
    assert [image.name for image in photos.images] == ["a.png"]
    assert "does not exist" in photos.report.rows[1][4]
    assert len(run.warnings) == 1


def test_no_files_or_none_readable_is_an_error(tmp_path, run):
    with pytest.raises(NodeError, match="no files are chosen"):
        load_files((), run=run)
    with pytest.raises(NodeError, match="none of the 1 files"):
        load_files((tmp_path / "b.png",), run=run)
