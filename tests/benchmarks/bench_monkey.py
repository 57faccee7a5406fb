"""Ten sessions of 5,000 random actions at the window, each in a process of its own: none may break anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from .conftest import Figures

TESTS = Path(__file__).parents[1]
SEEDS, ACTIONS = range(10), 5000
#: Megabytes that a session may grow by after its first 500 actions.
MOST_GROWN = 50.0


def play(seed: int, actions: int) -> dict:
    """What a session found; a process that dies is a find too."""
    words = f"import sys; sys.path.append({str(TESTS)!r}); from ui.monkey import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", words, str(seed), str(actions)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"seed": seed, "actions": 0, "faults": [f"exit {done.returncode}\n{done.stderr[-4000:]}"]}


def bench_monkey(figures: Figures) -> None:
    faults = []
    for seed in SEEDS:
        report = play(seed, ACTIONS)
        print(json.dumps(report), flush=True)
        faults += [f"seed {seed}, action {report['actions']}: {fault}" for fault in report["faults"]]
        figures.add(f"monkey {seed}: MB grown after action 500", report.get("grown_mb", 0.0), MOST_GROWN)
    assert not faults, "\n".join(faults)
