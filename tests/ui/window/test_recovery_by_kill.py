"""The window killed in the middle of work: at the next start the work is back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .kills import kill_again


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not to be had")
def test_killed_three_times_at_random_moments_the_work_is_back(tmp_path: Path) -> None:
    found = kill_again(3, tmp_path)
    assert len(found) == 3 and all(kill.finished >= 2 for kill in found)
    assert {kill.back for kill in found} <= {"all", "all but the last"}, found
