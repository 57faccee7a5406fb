"""Finding nodes: what a broken file costs (itself), packs, renamed nodes, several threads."""

from __future__ import annotations

import sys
import textwrap
import threading
from importlib import metadata
from pathlib import Path

import pytest

from meshloom.graph_runtime import catalog as module
from meshloom.graph_runtime.catalog import find_nodes, user_nodes_folder
from meshloom.graph_runtime.listing import listings

GOOD = """
from meshloom.graph_runtime.spec import node

@node("Good", was=("u.former",))
def good(a: int = 1) -> int:
    '''A number.'''
    return a
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / "u" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    return folder


SIGNATURES = {
    "no_docstring": ("def f(a: int = 1) -> int:\n    return a", "no docstring"),
    "no_annotation": ("def f(a) -> int:\n    'D'\n    return a", "'a' has no type annotation"),
    "no_return": ("def f(a: int):\n    'D'", "no return annotation"),
    "odd_return": ("def f(a: int) -> dict:\n    'D'", "neither a value nor a NamedTuple"),
    "odd_input": ("def f(a: dict) -> int:\n    'D'", "neither a value nor a parameter"),
    "odd_param": ("def f(a: dict = None) -> int:\n    'D'", "which no form can show"),
    "mixed_list": ("def f(a: tuple[int, str] = (1, '')) -> int:\n    'D'", "one scalar type"),
    "default_input": ("def f(a: Image = 3) -> int:\n    'D'", "may only default to None"),
    "lazy": ("def f(a: Annotated[int | None, 'lazy'] = None) -> int:\n    'D'", "needs= go together"),
    "forward": ("def f(a: 'Gone' = 1) -> int:\n    'D'", "NameError"),
}
HEAD = """
from typing import Annotated
from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Image
@node("F")
"""
BROKEN = {
    "syntax": ("def half(", "SyntaxError"),
    "bytes": ("\0", "null bytes"),
    "raises": ("1 / 0", "ZeroDivisionError"),
    "leaves": ("import sys; sys.exit(3)", "SystemExit"),
    "lacks": ("import no_such_library", "ModuleNotFoundError"),
    "nothing": ("x = 1", "declares 0 nodes"),
    "two": (GOOD + GOOD.replace("good", "also"), "declares 2 nodes"),
    **{name: (HEAD + text, said) for name, (text, said) in SIGNATURES.items()},
}


def test_a_broken_file_is_told_and_skipped(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD, **{name: text for name, (text, _) in BROKEN.items()})
    (tmp_path / "u/latin.py").write_bytes(b"x = '\xff'\n" + GOOD.encode())
    (tmp_path / "u/_helper.py").write_text("1 / 0")
    (tmp_path / "u/.hidden.py").write_text("1 / 0")
    catalog = find_nodes(tmp_path, packs=False)
    assert catalog["u.good"].function(3) == 3
    assert {name for name in catalog if name.startswith("u.")} == {"u.good"}
    said = {Path(problem.where).stem: problem.message for problem in catalog.problems}
    assert set(said) == {*BROKEN, "latin"}
    for name, (_, expected) in BROKEN.items():
        assert expected in said[name]
    assert not [name for name in sys.modules if name.startswith("meshloom_user_nodes.u.raises")]


def test_only_what_is_asked_for_is_loaded(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD, bad="1 / 0")
    catalog = find_nodes(tmp_path, packs=False)
    assert "u.good" in catalog
    assert catalog.get("u.gone") is None
    assert catalog.problems == []
    assert catalog.get("u.bad") is None
    assert len(catalog.problems) == 1


def test_ids_are_paths_and_never_replaced(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    (tmp_path / "top.py").write_text(GOOD)
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "resize.py").write_text(GOOD)
    catalog = find_nodes(tmp_path, packs=False)
    assert catalog["user.top"].title == "Good"
    assert catalog["image.resize"].title != "Good"
    assert "image.resize exists already" in catalog.problems[0].message


def test_renamed_nodes_are_found(tmp_path: Path) -> None:
    catalog = find_nodes(write(tmp_path, good=GOOD), packs=False)
    assert catalog.current_id("u.former") == "u.good"
    assert catalog.current_id("u.good") == "u.good"
    assert catalog.current_id("u.gone") == "u.gone"


def test_a_pack_brings_nodes_and_a_broken_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"goodpack": "", "badpack": "raise SystemExit(3)"}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text(text)
        (folder / "good.py").write_text(GOOD)
    monkeypatch.syspath_prepend(tmp_path)
    entries = [
        metadata.EntryPoint(name, value, module.ENTRY_POINTS)
        for name, value in (
            ("good", "goodpack"),
            ("bad", "badpack"),
            ("none", "no_such_pack"),
            ("file", "json.decoder"),
        )
    ]
    monkeypatch.setattr(module.metadata, "entry_points", lambda group: entries)
    catalog = find_nodes(tmp_path / "none")
    assert catalog["good.good"].function(2) == 2
    assert {problem.where for problem in catalog.problems} == {"pack bad", "pack none", "pack file"}


def test_threads_that_ask_at_once_all_get_it(tmp_path: Path) -> None:
    slow = "import time\ntime.sleep(0.05)\n" + GOOD
    for _ in range(3):
        catalog = find_nodes(write(tmp_path, slow=slow, good=GOOD), packs=False)
        got: list[object] = []

        def ask(catalog: module.Catalog = catalog, got: list[object] = got) -> None:
            got.append(catalog.get("u.slow"))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(spec) for spec in got}) == 1
        assert got[0] is not None
        assert catalog.problems == []


def test_the_users_folder_may_be_missing_a_file_or_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "gone", tmp_path / "file"):
        assert find_nodes(folder, packs=False).problems == []
    monkeypatch.setenv("MESHLOOM_NODES", str(write(tmp_path / "mine", good=GOOD)))
    assert user_nodes_folder() == tmp_path / "mine"
    assert "u.good" in find_nodes(packs=False)


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"u.good": 3}',
        b'{"u.good": {"mark": 1, "title": 2, "summary": 3, "aliases": 4}}',
    ],
)
def test_the_remembered_list_is_never_relied_upon(tmp_path: Path, index: bytes) -> None:
    catalog = find_nodes(write(tmp_path / "nodes", good=GOOD), packs=False)
    (tmp_path / "nodes.json").write_bytes(index)
    (listing,) = [listing for listing in listings(catalog, tmp_path) if listing.id == "u.good"]
    assert listing.summary == "A number."
    write(tmp_path / "nodes", good=GOOD.replace("A number", "Another number"))
    catalog = find_nodes(tmp_path / "nodes", packs=False)
    (listing,) = [listing for listing in listings(catalog, tmp_path) if listing.id == "u.good"]
    assert listing.summary == "Another number."


def test_a_cache_folder_that_is_a_file_costs_only_time(tmp_path: Path) -> None:
    catalog = find_nodes(write(tmp_path / "nodes", good=GOOD), packs=False)
    (tmp_path / "cache").write_text("")
    assert "u.good" in {listing.id for listing in listings(catalog, tmp_path / "cache")}
