"""Licences of weights: what they are called, what they ask of you, and what you have agreed to.

The sentences are there to be read before a download; they replace neither the licence nor a lawyer.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.places import Found

#: Kinds of licences: use as you like; mind some conditions; not for business; nothing is known.
FREE, CONDITIONS, PRIVATE, UNKNOWN = "free", "conditions", "not commercial", "unknown"

_FREE = "Use, change and pass on, also commercially; keep the notice of the licence."
_RAIL = "Use and pass on, also commercially, but not for the purposes that its appendix forbids; pass these on too."
_NOT = "Not for commercial use: neither selling its pictures nor offering it as a service, unless licensed apart."
_COMMUNITY = (
    "Commercial use is free up to the limits the licence sets (users or revenue); above, ask its owner."
)
_UNHEARD = "Meshloom does not know this licence: read it before you use what the model makes."
#: Stands behind the meaning of the licence of a gated model.
TERMS = "Its owner asks you to agree to terms on the model's page first."
_KNOWN: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0"), (FREE, _FREE)),
    **dict.fromkeys(("cc-by-4.0", "cc-by-3.0"), (FREE, "Use as you like, also commercially; name the authors.")),
    "cc-by-sa-4.0": (CONDITIONS, "Name the authors; pass changed weights on under the same licence."),
    **dict.fromkeys(("openrail", "openrail++", "creativeml-openrail-m"), (CONDITIONS, _RAIL)),
    **dict.fromkeys(("gpl-3.0", "agpl-3.0", "lgpl-3.0"), (CONDITIONS, "What contains it must be free software too.")),
    **dict.fromkeys(("llama3", "llama3.1", "llama3.2", "gemma", "tongyi-qianwen", "stabilityai-ai-community"),
                    (CONDITIONS, _COMMUNITY)),
    **dict.fromkeys(("cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0", "flux-1-dev-non-commercial-license",
                     "qwen-research", "fair-noncommercial-research-license"), (PRIVATE, _NOT)),
}  # fmt: skip


@dataclass(frozen=True)
class Licence:
    """``name`` as the model's card says, ``kind`` one of the four of this module, ``meaning`` in a sentence."""

    name: str
    kind: str
    meaning: str
    link: str = ""


def licence_of(card: Mapping[str, Any], gated: bool = False) -> Licence:
    """The licence that the header of a model's card names."""
    name = str(card.get("license") or "").lower()
    if name in ("other", ""):
        name = str(card.get("license_name") or name or "not stated").lower()
    kind, meaning = _KNOWN.get(name, (UNKNOWN, ""))
    if kind == UNKNOWN and re.search(r"non-?commercial|research", name):
        kind, meaning = PRIVATE, _NOT
    if kind == UNKNOWN:
        meaning = _UNHEARD
    if gated:
        meaning += f" {TERMS}"
    return Licence(name, kind, meaning, str(card.get("license_link") or ""))


def meanings() -> list[str]:
    """Every sentence that :func:`licence_of` puts a meaning together from, for translators."""
    return [*dict.fromkeys(meaning for _, meaning in _KNOWN.values()), _UNHEARD, TERMS]


def read_card(folder: Path) -> dict[str, Any]:
    """The header of a checkpoint's README.md; empty where there is none. Nothing in it is trusted but words."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    match = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    if match is None:
        return {}
    lines = (re.match(r"(\w+):\s*(\S.*?)\s*$", line) for line in match[1].splitlines())
    return {found[1]: found[2].strip("'\"") for found in lines if found}


def consent_file() -> Path:
    """Where is kept what was agreed to: ``$MESHLOOM_LICENCES``, else the user's data folder."""
    told = os.environ.get("MESHLOOM_LICENCES")
    if told:
        return Path(told)
    import platformdirs

    return Path(platformdirs.user_data_dir("meshloom", appauthor=False)) / "licences.json"


def has_agreed(source: str, licence: Licence) -> bool:
    """Whether somebody here agreed to this licence of this model before."""
    held = _consents().get(source)
    return isinstance(held, dict) and held.get("licence") == licence.name


def agree(source: str, licence: Licence) -> None:
    """Keep that the licence was agreed to, and when. Raises :class:`ModelError` where that cannot be kept."""
    path = consent_file()
    held = {**_consents(), source: {"licence": licence.name, "agreed": time.strftime("%Y-%m-%d %H:%M:%S")}}
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(held, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise ModelError(f"the consent cannot be kept in {path}: {error.strerror or error}") from None


def _consents() -> dict[str, Any]:
    try:
        held = json.loads(consent_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def check_consent(found: Found) -> None:
    """Raise :class:`ModelError` if a model from the Hub asks for something nobody here has agreed to.

    A licence that allows everything asks for nothing; a folder of one's own is one's own affair.
    """
    if not found.commit:
        return
    licence = licence_of(read_card(found.folder))
    if licence.kind != FREE and not has_agreed(found.source, licence):
        raise ModelError(
            f"the licence of {found.source} ({licence.name}) has not been agreed to: {licence.meaning}",
            f"read it, then: meshloom models licence {found.source} --accept",
        )
