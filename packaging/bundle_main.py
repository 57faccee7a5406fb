"""What the bundle's executable runs: the command ``meshloom``, or one of Meshloom's modules in a process of its own.

A bundle has no ``python`` beside it, so ``sys.executable`` is this program. The engine process and what nodes run
apart start it as they would start Python, ``-P -m meshloom.SOME.MODULE``, and need not know that it is a bundle.
"""

from __future__ import annotations

import multiprocessing
import os
import sys


def caches_elsewhere() -> None:
    """Compiled code of numba goes where the user may write: a bundle may lie in a read-only place."""
    if "NUMBA_CACHE_DIR" not in os.environ:
        import platformdirs

        folder = platformdirs.user_cache_dir("meshloom", appauthor=False)
        os.environ["NUMBA_CACHE_DIR"] = os.path.join(folder, "compiled")  # noqa: PTH118 - pathlib costs a start


def libraries_for_us_alone() -> None:
    """Programs of the system that are started from here (a browser, nvidia-smi) load the system's libraries.

    The starter has named the bundle's own to the loader, which has read that by now.
    """
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", "")
    if before:
        os.environ["LD_LIBRARY_PATH"] = before
    elif hasattr(sys, "frozen"):
        os.environ.pop("LD_LIBRARY_PATH", None)


def main() -> None:
    words = sys.argv[1:]
    if words[:2] == ["-P", "-m"] and words[2:] and words[2].startswith("meshloom."):
        import runpy

        sys.argv = words[2:]
        runpy.run_module(words[2], run_name="__main__", alter_sys=True)
        return
    from meshloom.app import main as command

    command()


if __name__ == "__main__":
    multiprocessing.freeze_support()
    libraries_for_us_alone()
    caches_elsewhere()
    main()
