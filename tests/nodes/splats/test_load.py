from __future__ import annotations

from pathlib import Path

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.splats.load import load


def test_no_file_and_another_format_are_told(tmp_path, run):
    with pytest.raises(NodeError, match="no file is chosen"):
        load(Path(), run=run)
    (tmp_path / "a.png").write_bytes(b"\x89PNG....")
    with pytest.raises(NodeError, match="known"):
        load(tmp_path / "a.png", run=run)
