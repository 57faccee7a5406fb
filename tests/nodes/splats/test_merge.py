from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.splats.merge import merge

from ._scenes import balls


def test_all_are_there_and_lacking_bands_are_zero(run):
    found = merge([balls(5, 0), balls(7, 2)], run=run)
    assert len(found) == 12 and found.degree == 2
    assert not found.sh[:5, 1:].any() and found.sh[5:, 1:].any()
    assert np.array_equal(found.means[5:], balls(7, 2).means)
    with pytest.raises(NodeError, match="no scenes"):
        merge([], run=run)
