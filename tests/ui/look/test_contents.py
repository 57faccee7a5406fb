"""Values without a view of their own still show what they hold; delivered files are opened."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image

from meshloom.graph_runtime.types import File, Image, Text
from meshloom.nodes.reconstruct._values import PairMatches
from meshloom.ui.look.contents import contents, opened


def file(name: str, data: bytes) -> File:
    return File(name, np.frombuffer(data, np.uint8))


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    PIL.Image.new("RGB", (width, height), (200, 10, 20)).save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_opened_and_a_huge_one_made_smaller() -> None:
    small = opened(file("a.PNG", png(30, 20)))
    assert isinstance(small, Image) and small.pixels.shape == (20, 30, 3)
    assert small.pixels[0, 0].tolist() == [200, 10, 20]
    large = opened(file("a.png", png(4096, 8)))
    assert isinstance(large, Image) and large.width == 2048


def test_text_is_opened_whatever_its_bytes() -> None:
    shown = opened(file("run.json", '{"a": "ä"}'.encode() + b"\xff"))
    assert isinstance(shown, Text) and shown.text == '{"a": "ä"}\ufffd'


def test_what_cannot_be_opened_is_told_by_name_and_size() -> None:
    for name, data in (("a.glb", b"x" * 1536), ("cut.png", png(64, 64)[:60]), ("big.txt", bytes(7_000_000))):
        held = file(name, data)
        assert opened(held) is None
        assert contents(held).rows[0] == ("Name", name)
    assert contents(file("a.glb", b"x" * 1536)).rows[1] == ("Size", "1.54 kB")


def test_a_value_of_a_pack_shows_its_parts() -> None:
    held = PairMatches(np.array([[1, 2], [7, 5]], np.int32), 3, 2, np.zeros((3, 3, 3)))
    told = dict(contents(held).rows)
    assert told["inliers"] == "2 × 2  int32  1 … 7" and told["putative"] == "3"


def test_a_number_shows_itself() -> None:
    assert contents(1.5).rows == (("float", "1.5"),)
