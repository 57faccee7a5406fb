"""Run as a program: what the process that reads USD does with each of many files, without starting anew for each.

    python _usd_many.py FOLDER

Reads FOLDER/*.usd* into files .npz beside them, each in a fork, and prints a JSON list of (name, status, peak MiB,
seconds); a status below 0 is the signal that ended it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from pxr import Usd, UsdGeom  # noqa: F401  loaded once, for all forks

from meshloom.graph_runtime.formats import _usd_child


def main(folder: str) -> None:
    told = []
    for path in sorted(Path(folder).glob("*.usd*")):
        begun = time.perf_counter()
        fork = os.fork()
        if not fork:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            os._exit(_usd_child.main(str(path), str(path.with_suffix(".npz"))))
        _, status, usage = os.wait4(fork, 0)
        unit = 1 if sys.platform == "darwin" else 1024
        took = time.perf_counter() - begun
        told.append((path.name, os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit >> 20, took))
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
