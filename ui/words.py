"""The window's words in the user's language.

English is the source: ``_("Run all")``, ``_("{count} nodes").format(count=3)``. A test reads every such literal
off the sources and holds that each language has all of them.
"""

from __future__ import annotations

import gettext
from pathlib import Path

FOLDER = Path(__file__).parent / "locale"

#: Languages by code, each by the name its speakers give it.
LANGUAGES = {"en": "English", "zh_CN": "简体中文", "pt_BR": "Português (Brasil)"}

_words: gettext.NullTranslations = gettext.NullTranslations()


def _(text: str) -> str:
    """``text`` in the current language; itself where it is not translated."""
    return _words.gettext(text) if text else ""


def mark(text: str) -> str:
    """``text`` itself: for words that stand in data, and are translated when they are shown."""
    return text


def speak(language: str) -> str:
    """Use a language from :data:`LANGUAGES` (or "system") for what is shown from now on; returns its code."""
    global _words
    if language == "system":
        from PySide6.QtCore import QLocale

        names = [name.replace("-", "_") for name in QLocale.system().uiLanguages()]
        language = next((code for name in names for code in LANGUAGES if name.startswith(code)), "")
        language = language or next((c for n in names for c in LANGUAGES if n[:2] == c[:2]), "en")
    compiled = FOLDER / f"{language}.mo"
    if language != "en" and compiled.is_file():
        with compiled.open("rb") as file:
            _words = gettext.GNUTranslations(file)
    else:
        language, _words = "en", gettext.NullTranslations()
    return language
