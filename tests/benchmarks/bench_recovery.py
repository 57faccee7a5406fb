"""The window killed fifty times in the middle of work (SIGKILL): how often all of it was back."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
from pathlib import Path

from .conftest import Figures

TESTS = Path(__file__).parents[1]
KILLS = 50


def bench_recovery(figures: Figures) -> None:
    words = f"import sys; sys.path.append({str(TESTS)!r}); from ui.window.kills import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", words, str(KILLS), "7"], capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    counts = collections.Counter(back for _steps, back in found)
    lost = [back for back in counts if back.startswith("LOST")]
    figures.add("kills after which all was back", counts["all"])
    figures.add("kills after which the step in flight was missing", counts["all but the last"])
    figures.add("kills after which more was missing", sum(counts[back] for back in lost), 0)
    assert not lost and len(found) == KILLS, counts
