"""The list of nodes comes from an index that follows the files and can be lost at any time."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.listing import listings

NODE = '''
from meshloom.graph_runtime.spec import node
from pathlib import Path
Path(__file__).with_suffix(".imported").touch()

@node("{title}", aliases=("grade",))
def tint(level: float = 0.5) -> float:
    """Give it a hue."""
    return level
'''


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "nodes" / "mine"
    folder.mkdir(parents=True)
    (folder / "tint.py").write_text(NODE.format(title="Tint"))
    return folder / "tint.py"


def found(own: Path, index: Path) -> dict[str, str]:
    catalog: Catalog = find_nodes(own.parents[1], packs=False)
    own.with_suffix(".imported").unlink(missing_ok=True)
    return {each.id: each.title for each in listings(catalog, index)}


def test_a_file_is_imported_once_and_again_when_it_changes(own: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    assert found(own, index)["mine.tint"] == "Tint"
    assert own.with_suffix(".imported").exists()
    assert found(own, index)["mine.tint"] == "Tint"
    assert not own.with_suffix(".imported").exists()
    own.write_text(NODE.format(title="Hue"))
    assert found(own, index)["mine.tint"] == "Hue"
    own.unlink()
    assert "mine.tint" not in found(own, index)


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b'{"mine.tint": 3}', b'{"mine.tint": {"mark": 1}}'])
def test_a_damaged_index_is_made_again(own: Path, tmp_path: Path, damage: bytes) -> None:
    index = tmp_path / "index"
    found(own, index)
    (index / "nodes.json").write_bytes(damage)
    assert found(own, index)["mine.tint"] == "Tint"


def test_a_folder_that_cannot_be_written_costs_only_time(own: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert found(own, tmp_path / "file" / "index")["mine.tint"] == "Tint"


def test_words_are_looked_for_in_all_that_is_said(own: Path, tmp_path: Path) -> None:
    catalog = find_nodes(own.parents[1], packs=False)
    (tint,) = [each for each in listings(catalog, tmp_path / "index") if each.id == "mine.tint"]
    assert tint.matches("grade hue") and tint.matches("TINT") and not tint.matches("tint blur")
