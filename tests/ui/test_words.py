"""Every word that the window says is there in every language, what nodes, models and workflows say included."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import polib
import pytest

from meshloom.graph_runtime.catalog import find_nodes
from meshloom.ui import words
from meshloom.ui.fields.text import option
from meshloom.ui.words import LANGUAGES, _

ROOT = Path(__file__).parents[2]
FOREIGN = [language for language in LANGUAGES if language != "en"]
PLACE = re.compile(r"\{[^{}\s]*\}")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations", ROOT / "packaging" / "translations.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("language", FOREIGN)
def test_every_text_is_translated_and_keeps_its_placeholders(tool: ModuleType, language: str) -> None:
    entries = {entry.msgid: entry.msgstr for entry in polib.pofile(str(words.FOLDER / f"{language}.po"))}
    texts = tool.wanted()
    absent = {text: f"{text!r} ({', '.join(texts[text][:2])})" for text in texts if not entries.get(text)}
    of_nodes = tool.of_nodes().keys() - tool.literals().keys()
    own = [said for text, said in absent.items() if text not in of_nodes]
    assert not own, f"{len(own)} texts lack {language}:\n" + "\n".join(own[:40])
    # Whoever adds a node need not speak every language; translators follow.
    assert len(absent) < 0.04 * len(texts), f"{len(absent)} texts lack {language}:\n" + "\n".join(
        absent.values()
    )
    odd = [
        text
        for text, told in entries.items()
        if told and sorted(PLACE.findall(text)) != sorted(PLACE.findall(told))
    ]
    assert not odd, f"placeholders differ: {odd}"


@pytest.mark.parametrize("language", FOREIGN)
def test_what_the_window_reads_is_what_translators_wrote(language: str) -> None:
    entries = {entry.msgid: entry.msgstr for entry in polib.pofile(str(words.FOLDER / f"{language}.po"))}
    read = polib.mofile(str(words.FOLDER / f"{language}.mo"))
    assert {entry.msgid: entry.msgstr for entry in read} == {
        key: told for key, told in entries.items() if told
    }


def test_the_tool_finds_what_the_sources_say(tool: ModuleType) -> None:
    texts = tool.literals()
    assert "ui/window/window_commands.py" in texts["Run to the selection"]
    assert "{count} cameras" in texts and len(texts) > 300


@pytest.mark.parametrize("language", FOREIGN)
def test_the_choices_of_a_parameter_stay_apart(language: str) -> None:
    words.speak(language)
    try:
        for type_, spec in find_nodes(packs=False, user_folder=ROOT / "no such folder").items():
            for param in spec.params:
                shown = [option(each) for each in param.options]
                assert len(set(shown)) == len(shown), f"{type_}.{param.name}: {shown}"
                assert not re.search("[,;]", " ".join(shown)), "a sweep lists them with commas between"
    finally:
        words.speak("en")


def test_a_language_is_spoken_and_english_again() -> None:
    words.speak("pt_BR")
    foreign = _("Save")
    words.speak("en")
    assert foreign != "Save" and _("Save") == "Save"
    assert words.speak("xx") == "en"
