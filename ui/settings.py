"""What the user chose, kept as a readable file in the user's settings folder.

A file that is damaged, or of another version, costs the settings in it that make no sense and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QObject, Signal

#: Recent files remembered.
MOST_RECENT = 24


def config_folder() -> Path:
    """Settings: ``$MESHLOOM_CONFIG``, else the platform's folder."""
    told = os.environ.get("MESHLOOM_CONFIG")
    return Path(told) if told else Path(platformdirs.user_config_dir("meshloom", appauthor=False))


def data_folder() -> Path:
    """History, queue, recovery and backups: ``$MESHLOOM_DATA``, else the platform's folder."""
    told = os.environ.get("MESHLOOM_DATA")
    return Path(told) if told else Path(platformdirs.user_data_dir("meshloom", appauthor=False))


@dataclass
class Choices:
    """The settings themselves, each with what a newcomer gets."""

    theme: str = "system"
    language: str = "system"
    keymap: str = "meshloom"
    own_keys: dict[str, list[str]] = field(default_factory=dict)
    #: Empty: $MESHLOOM_CACHE, else the user's cache folder.
    cache_folder: str = ""
    cache_gb: float = 20.0
    memory_gb: float = 2.0
    #: Nodes at once; 0 lets Meshloom choose.
    workers: int = 0
    #: "auto", "cpu" or "cuda".
    device: str = "auto"
    live: bool = False
    guided: bool = False
    recent: list[str] = field(default_factory=list)
    #: Sizes and places of windows and docks, by layout name (base64 of Qt's own format).
    layouts: dict[str, str] = field(default_factory=dict)
    geometry: str = ""


class Settings(QObject):
    """The choices, and the file they are kept in."""

    #: The name of the choice that changed.
    changed = Signal(str)

    def __init__(self, file: Path | None = None) -> None:
        super().__init__()
        self.file = file or config_folder() / "settings.json"
        self.choices = _read(self.file)

    def set(self, name: str, value: Any) -> None:
        """Change one choice, keep it, and tell. A folder that cannot be written keeps it until the window closes."""
        if getattr(self.choices, name) == value:
            return
        setattr(self.choices, name, value)
        self.save()
        self.changed.emit(name)

    def remember(self, file: Path) -> None:
        """Put a file first among the recent ones."""
        told = str(file.absolute())
        self.set("recent", [told, *(each for each in self.choices.recent if each != told)][:MOST_RECENT])

    def save(self) -> None:
        """Write the file, whole or not at all."""
        aside = self.file.with_name(f".{self.file.name}.{os.getpid()}.part")
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(asdict(self.choices), indent=1, ensure_ascii=False), encoding="utf-8")
            aside.replace(self.file)


def _read(file: Path) -> Choices:
    choices = Choices()
    try:
        held = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return choices
    for each in fields(Choices):
        given = held.get(each.name) if isinstance(held, dict) else None
        if given is not None and _fits(getattr(choices, each.name), given):
            setattr(choices, each.name, given)
    return choices


def _fits(default: Any, given: Any) -> bool:
    if isinstance(default, bool) or isinstance(given, bool):
        return isinstance(default, bool) and isinstance(given, bool)
    if isinstance(default, float):
        return isinstance(given, (int, float)) and 0 < given < 1e6
    if isinstance(default, list):
        return isinstance(given, list) and all(isinstance(item, str) for item in given)
    return isinstance(given, type(default))
