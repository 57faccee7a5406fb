"""What code a result depends on: every first-party file, the versions of libraries, and what really runs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from meshloom.graph_runtime import sources
from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.sources import code_digest, library_version, note_load, versions_of

from .conftest import SAMPLE_NODES, Ran, graph

ROOT = Path(sources.__file__).parent.parent


def write(file: Path, text: str, age: float = 3600.0) -> Path:
    """A source file, last changed ``age`` seconds ago."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def fresh_digest(file: Path) -> str:
    """The digest as a process started now sees it."""
    note_load(file)
    return code_digest(file)


PLUS = """
    from meshloom.graph_runtime.spec import node

    @node("Plus")
    def plus(a: int = 1) -> int:
        '''A number and {step}.'''
        return a + {step}
"""


def test_every_file_that_runs_counts(tmp_path: Path) -> None:
    file = write(tmp_path / "a/plus.py", "from helper import x\nimport deep.inner\nimport json, numpy\n")
    helper = write(tmp_path / "a/helper.py", "import second\n")
    second = write(tmp_path / "a/second.py", "x = 1\n")
    inner = write(tmp_path / "a/deep/inner.py", "y = 1\n")
    seen = {fresh_digest(file)}
    for changed in (file, helper, second, inner):
        write(changed, changed.read_text() + "# changed\n")
        seen.add(fresh_digest(file))
    write(tmp_path / "a/unrelated.py", "z = 1")
    assert fresh_digest(file) in seen
    assert len(seen) == 5
    assert set(versions_of(file)) == {"numpy"}


def test_packs_count_whole_however_they_import(tmp_path: Path) -> None:
    write(tmp_path / "pack/__init__.py", "")
    write(tmp_path / "pack/nodes/__init__.py", "")
    common = write(tmp_path / "pack/common.py", "x = 1\n")
    other = write(tmp_path / "pack/nodes/_other.py", "y = 1\n")
    for text in (
        "from ..common import x\nfrom ._other import y\n",
        "from pack.common import x\nfrom pack.nodes import _other\n",
        "from .. import common\nimport pack.nodes._other\n",
    ):
        file = write(tmp_path / "pack/nodes/plus.py", text)
        seen = {fresh_digest(file)}
        for changed in (common, other):
            write(changed, changed.read_text() + "# changed\n")
            seen.add(fresh_digest(file))
        assert len(seen) == 3, text
        assert versions_of(file) == {}


def test_a_node_depends_on_the_values_it_is_made_of_but_not_on_how_nodes_are_declared(
    monkeypatch: pytest.MonkeyPatch, catalog: Catalog
) -> None:
    files, _ = sources._closure(catalog["t.brighter"].file)
    names = {path.relative_to(ROOT).as_posix() for path in files if path.is_relative_to(ROOT)}
    assert "graph_runtime/types.py" in names
    assert "graph_runtime/spec.py" not in names


def test_the_folder_does_not_count(tmp_path: Path) -> None:
    files = [write(tmp_path / name / "plus.py", PLUS.format(step=1)) for name in ("a", "b")]
    assert fresh_digest(files[0]) == fresh_digest(files[1])


def test_code_edited_while_it_is_loaded_is_not_mistaken_for_what_runs(tmp_path: Path) -> None:
    """The old code in memory must not leave results under the key of the new code on disk."""
    write(tmp_path / "nodes/u/plus.py", PLUS.format(step=1))
    data = graph(p=("u.plus", {"a": 1}))
    engine = Engine(find_nodes(tmp_path / "nodes", packs=False), open_cache(tmp_path / "cache"), 2)
    assert engine.specs["u.plus"].summary == "A number and 1."
    write(tmp_path / "nodes/u/plus.py", PLUS.format(step=10), age=0)
    time.sleep(0.01)
    assert Ran(engine, data).value("p") == 2
    assert Ran(engine, data).computed == set()
    engine.cache.close()

    engine = Engine(find_nodes(tmp_path / "nodes", packs=False), open_cache(tmp_path / "cache"), 2)
    ran = Ran(engine, data)
    assert (ran.value("p"), ran.computed) == (11, {"p"})
    assert ran.done("p").why == "its code or a library changed"
    write(tmp_path / "nodes/u/plus.py", PLUS.format(step=100), age=0)
    assert Ran(engine, data).computed == set()  # still runs what it loaded
    engine.cache.close()


@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda f: f.write_text("def half("), lambda f: f.write_bytes(b"\xff")]
)
def test_code_that_vanished_or_broke_since_it_was_loaded_still_runs(tmp_path: Path, harm: object) -> None:
    file = write(tmp_path / "nodes/u/plus.py", PLUS.format(step=1))
    engine = Engine(find_nodes(tmp_path / "nodes", packs=False), open_cache(tmp_path / "cache"), 2)
    assert "u.plus" in engine.specs
    harm(file)  # type: ignore[operator]
    assert Ran(engine, graph(p=("u.plus",))).value("p") == 2
    engine.cache.close()


def test_another_process_gets_the_same_digest(catalog: Catalog) -> None:
    code = (
        "from pathlib import Path; from meshloom.graph_runtime.sources import code_digest; import sys;"
        "print(code_digest(Path(sys.argv[1])), 'torch' in sys.modules or 'numpy' in sys.modules)"
    )
    file = SAMPLE_NODES / "t/brighter.py"
    said = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    assert said.stdout.split()[0] == code_digest(file)


def test_versions_of_libraries_are_known_by_import_name() -> None:
    assert library_version("numpy")
    assert library_version("PIL")
    assert library_version("no_such_library") == ""
