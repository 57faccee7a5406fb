"""A value as one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.spec import Colour, OpenFile, Param, Slider
from meshloom.ui.fields.text import label, shown


@pytest.mark.parametrize(
    ("param", "value", "text"),
    [
        (Param("a", "float", 0.0, Slider(0, 9, unit="mm")), 2.0, "2 mm"),
        (Param("a", "float", 0.0), 1 / 3, "0.333333"),
        (Param("a", "int", 0, Slider(0, 9, unit="px")), 7, "7 px"),
        (Param("a", "bool", False), True, "on"),
        (Param("a", "int", None, optional=True), None, "automatic"),
        (Param("a", "floats", (), Colour(), length=3), (1.0, 0.5, 0.0), "#ff8000"),
        (Param("a", "floats", ()), (1.0, 0.25), "1, 0.25"),
        (Param("a", "path", Path(), OpenFile()), "/photos/castle.jpg", "castle.jpg"),
        (Param("a", "path", Path(), OpenFile()), Path(), "–"),
        (Param("a", "paths", ()), ("/a/one.jpg",), "one.jpg"),
        (Param("a", "paths", ()), ("1", "2", "3"), "3 files"),
        (Param("a", "str", ""), "", "–"),
        (Param("a", "str", ""), "first\nsecond", "first …"),
    ],
)
def test_shown(param: Param, value: Any, text: str) -> None:
    assert shown(param, value) == text


def test_labels_read_like_words() -> None:
    assert label("max_side") == "Max side" and label("lambda_") == "Lambda"
    assert label("sh_degree") == "SH degree" and label("ssim_weight") == "SSIM weight"
