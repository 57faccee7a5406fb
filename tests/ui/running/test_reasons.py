"""Reasons of the engine in the user's language."""

from __future__ import annotations

import pytest

from meshloom.graph_runtime.keys import why
from meshloom.ui import words
from meshloom.ui.running.reasons import _PATTERNS, told


def test_what_the_engine_says_is_known() -> None:
    before = {"code": "a", "device": "cpu", "params": {"size": "1", "names": "[1]"}, "inputs": {"image": "x"}}
    now = {"code": "b", "device": "cuda", "params": {"size": "2", "names": "[2]"}, "inputs": {"image": "y"}}
    parts = [*why(before, now).split("; "), why(None, now), why(now, now)]
    unknown = [part for part in parts if not any(pattern.fullmatch(part) for _text, pattern in _PATTERNS)]
    assert unknown == ["size 1 -> 2"]  # names and numbers: the same in every language


def test_a_reason_keeps_its_names_in_another_language(monkeypatch: pytest.MonkeyPatch) -> None:
    class Words:
        def gettext(self, text: str) -> str:
            return {"input {name} changed": "l'entrée {name} a changé"}.get(text, text)

    monkeypatch.setattr(words, "_words", Words())
    assert told("input mesh changed; size 1 -> 2") == "l'entrée mesh a changé; size 1 -> 2"


def test_a_node_is_called_as_the_canvas_calls_it() -> None:
    said = "straight will run first, and its result may change; parameter size changed"
    assert told(said, {"straight": "Undistort photos"}.__getitem__) == (
        "Undistort photos will run first, and its result may change; parameter size changed"
    )
