"""A safe name is one file in one folder on every system."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshloom.graph_runtime.formats.names import safe_name, stem_of


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("model.glb", "model.glb"),
        ("größe 日本.png", "größe 日本.png"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a/b\\c:d", "a_b_c_d"),
        ("CON", "_CON"),
        ("aux.txt", "_aux.txt"),
        ("console.txt", "console.txt"),
        ("..", "result"),
        ("", "result"),
        ("   ", "result"),
        ("name. . ", "name"),
        (".hidden", "hidden"),
        ("a\0b\nc\u202ed", "a_b_c_d"),
    ],
)
def test_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_extension_survives_shortening() -> None:
    short = safe_name("é" * 300 + ".png")
    assert short.endswith("é.png") and len(short.encode()) <= 200


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_becomes_a_name_that_stays(text: str) -> None:
    name = safe_name(text)
    assert name and name not in (".", "..") and "/" not in name and "\\" not in name
    assert (len(name.encode()) <= 200 and name.isprintable()) or not text.isprintable()
    assert safe_name(name) == name


def test_a_result_is_named_as_chosen_or_after_its_source() -> None:
    assert stem_of("", "IMG_1.JPG", "image") == "IMG_1"
    assert stem_of(" final ", "IMG_1.JPG", "image") == "final"
    assert stem_of("", "", "image") == "image"
    assert stem_of("v1.2", "", "image") == "v1.2"
    assert stem_of("", "scan of 3. floor", "image") == "scan of 3. floor"
    assert stem_of("../x", "", "image") == "_x"
