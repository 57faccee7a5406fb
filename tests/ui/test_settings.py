"""Choices are kept; a damaged file costs only what makes no sense in it."""

from __future__ import annotations

import json
from pathlib import Path

from meshloom.ui.settings import MOST_RECENT, Choices, Settings


def test_choices_are_kept_and_told(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "deep" / "settings.json")
    told: list[str] = []
    settings.changed.connect(told.append)
    settings.set("theme", "light")
    settings.set("theme", "light")
    assert told == ["theme"]
    assert Settings(settings.file).choices.theme == "light"


def test_the_recent_files_are_the_newest_once_each(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    for count in range(MOST_RECENT + 5):
        settings.remember(tmp_path / f"{count}.json")
    settings.remember(tmp_path / "7.json")
    recent = settings.choices.recent
    assert recent[0].endswith("7.json") and len(recent) == MOST_RECENT == len(set(recent))


def test_a_damaged_file_costs_only_what_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(
        json.dumps({"theme": "light", "cache_gb": "much", "recent": [1], "workers": True, "x": 1})
    )
    choices = Settings(file).choices
    assert choices.theme == "light"
    assert (choices.cache_gb, choices.recent, choices.workers) == (20.0, [], 0)
    for text in ("", "[]", "{", "\0"):
        file.write_text(text)
        assert Settings(file).choices == Choices()
