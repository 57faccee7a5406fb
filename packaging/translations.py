"""Keeps ui/locale/*.po true to the sources: `collect` adds what is new and drops what is gone, `compile` makes the
.mo files that the window reads. Translators edit the .po files.

    .venv/bin/python packaging/translations.py collect
    .venv/bin/python packaging/translations.py compile
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshloom.graph_runtime.spec import Param

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "ui" / "locale"
LANGUAGES = ("zh_CN", "pt_BR")

#: Parameters whose choices are names, the same in every language.
NAMES = ("camera_model", "dtype", "format", "kernel", "pipeline", "quantisation", "textures")


def literals() -> dict[str, list[str]]:
    """Every text that the window's sources say, with the files that say it."""
    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "ui").rglob("*.py")):
        place = file.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                text = _text(node)
                if text:
                    found.setdefault(text, [])
                    if place not in found[text]:
                        found[text].append(place)
    return found


def _text(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Name)
    place = {"_": 0, "mark": 0, "Command": 1}.get(call.func.id)
    if place is None or len(call.args) <= place:
        return ""
    held = call.args[place]
    return held.value if isinstance(held, ast.Constant) and isinstance(held.value, str) else ""


def of_nodes() -> dict[str, list[str]]:
    """What the nodes that come along say: titles, first sentences, and all of their parameters and sockets."""
    from meshloom.graph_runtime.catalog import find_nodes
    from meshloom.ui.fields.text import label
    from meshloom.ui.window.node_page import prose

    found: dict[str, list[str]] = {}
    catalog = find_nodes(packs=False, user_folder=ROOT / "no such folder")
    for type_, spec in catalog.items():
        sockets = (*spec.inputs, *spec.outputs)
        names = [label(each.name) for each in (*spec.params, *sockets)]
        docs = [" ".join(each.doc.split()) for each in (*spec.params, *sockets)]
        kinds = [each.wire.base.__name__ for each in sockets]
        units = [getattr(each.hint, "unit", "") for each in spec.params]
        options = [word for each in spec.params for word in options_of(each)]
        for text in dict.fromkeys(
            (spec.title, spec.summary, *prose(spec), *names, *docs, *kinds, *units, *options)
        ):
            if text:
                found.setdefault(text, []).append(type_)
    return found


def options_of(param: Param) -> list[str]:
    """The choices of a parameter as they are shown, without those that name a format, a model or code."""
    from meshloom.ui.fields.text import option

    said = [] if param.name in NAMES else param.options
    return [option(each) for each in said if re.fullmatch(r"[a-z0-9 '-]*[a-z][a-z0-9 '-]*", str(each))]


def of_presets() -> dict[str, list[str]]:
    """Titles and descriptions of the workflows that come along, and of their frames."""
    import json

    found: dict[str, list[str]] = {}
    for file in sorted((ROOT / "presets").glob("*.json")):
        held = json.loads(file.read_bytes())
        title = held.get("title") or file.stem.replace("_", " ").capitalize()
        frames = [str(frame["title"]) for each in held.get("frames", {}).values() for frame in each]
        for text in (title, held.get("about", ""), *frames):
            if text:
                found.setdefault(text, []).append(f"presets/{file.name}")
    return found


def of_models() -> dict[str, list[str]]:
    """What licences of models ask, and what the models are for that Meshloom knows of."""
    from meshloom.graph_runtime.models.known import KNOWN
    from meshloom.graph_runtime.models.licences import meanings

    found = {text: ["graph_runtime/models/licences.py"] for text in meanings()}
    for each in KNOWN:
        found.setdefault(each.purpose, []).append("graph_runtime/models/known.py")
    return found


def wanted() -> dict[str, list[str]]:
    """All that is to be translated, with where it is said."""
    found: dict[str, list[str]] = {}
    for part in (literals(), of_nodes(), of_presets(), of_models()):
        for text, places in part.items():
            found.setdefault(text, []).extend(places)
    return found


def collect() -> None:
    """Bring the .po files up to date; what is translated stays."""
    import polib

    texts = wanted()
    for language in LANGUAGES:
        file = LOCALE / f"{language}.po"
        known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(file))} if file.is_file() else {}
        made = polib.POFile(wrapwidth=116)
        made.metadata = {"Language": language, "Content-Type": "text/plain; charset=UTF-8"}
        for text in sorted(texts):
            places = [(place, "") for place in texts[text][:3]]
            made.append(polib.POEntry(msgid=text, msgstr=known.get(text, ""), occurrences=places))
        made.save(str(file))
        absent = sum(not entry.msgstr for entry in made)
        print(f"{file.relative_to(ROOT)}: {len(made)} texts, {absent} to translate")


def compile_all() -> None:
    """Make the .mo files."""
    import polib

    for language in LANGUAGES:
        polib.pofile(str(LOCALE / f"{language}.po")).save_as_mofile(str(LOCALE / f"{language}.mo"))


if __name__ == "__main__":
    {"collect": collect, "compile": compile_all}[sys.argv[1]]()
