"""Library calls that hold the interpreter lock for long, run in a process of their own.

Open3D's Poisson reconstruction works for tens of seconds without letting any other Python thread run,
cannot be stopped, prints to the terminal, and ends the process when its input is too odd. In a child
process it does none of that to the caller: it can be cancelled at once, and its end is an error like any
other.

A plain child of ``sys.executable`` rather than ``multiprocessing``: that imports the caller's main module
again, which fails in scripts without a main guard.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run

Arrays = dict[str, NDArray[Any]]
#: Told how much of the work is done, 0..1, and what is being done.
Say = Callable[[float, str], None]
Work = Callable[[Arrays, Say], Arrays]

#: Seconds between two looks at the child; a cancelled run ends this soon.
LOOK = 0.1


def run_apart(work: Work, inputs: Mapping[str, NDArray[Any]], run: Run, message: str) -> Arrays:
    """``work(inputs, say)`` in a child process, with its progress passed on to ``run``.

    ``work`` must be a function at the top of a module. Inputs and results are arrays by name and travel
    through files in ``run.scratch``. A :class:`NodeError` raised by ``work`` is raised here; anything else
    that ends the child becomes a ``RuntimeError`` with its last words.
    """
    run.progress(0.0, 1.0, message)
    with tempfile.TemporaryDirectory(dir=run.scratch) as name:
        folder = Path(name)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        for key, array in inputs.items():
            np.save(folder / "in" / f"{key}.npy", array)
        child = subprocess.Popen(
            # -P: the current folder must not come before installed packages.
            [sys.executable, "-P", "-m", __name__, work.__module__, work.__name__, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert child.stdout is not None
        said: queue.Queue[list[Any] | None] = queue.Queue()
        listener = threading.Thread(target=_listen, args=(child.stdout, said), daemon=True)
        listener.start()
        try:
            _follow(said, child, folder, run, message)
        finally:
            child.kill()
            child.wait()
            listener.join()
            child.stdout.close()
        return {path.stem: np.load(path) for path in sorted((folder / "out").iterdir())}


def _follow(
    said: queue.Queue[list[Any] | None], child: subprocess.Popen[str], folder: Path, run: Run, message: str
) -> None:
    """Pass progress on until the child says that it is done; raise what it raises."""
    share = 0.0
    while True:
        try:
            word = said.get(timeout=LOOK)
        except queue.Empty:
            run.progress(share, 1.0, message)
            continue
        if word is None:
            output = folder / "output.txt"
            last = output.read_text(errors="replace").strip()[-2000:] if output.exists() else ""
            raise RuntimeError(f"{message}: the process ended with code {child.wait()}. {last}".strip())
        kind, *more = word
        if kind == "done":
            return
        if kind == "progress":
            share, message = more
            run.progress(share, 1.0, message)
        elif kind == "unusable":
            raise NodeError(*more)
        else:
            raise RuntimeError(f"{message} failed:\n{more[0]}")


def _listen(stream: IO[str], said: queue.Queue[list[Any] | None]) -> None:
    try:
        for line in stream:
            said.put(json.loads(line))
    except ValueError:  # half a line, or a stream closed meanwhile: the child is gone
        pass
    said.put(None)


def serve(module: str, name: str, folder: Path) -> None:
    """The child: does the work, speaks on standard output, and keeps what libraries print in a file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    speak = os.fdopen(os.dup(1), "w", buffering=1)
    with (folder / "output.txt").open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)

    def say(*words: Any) -> None:
        speak.write(json.dumps(words) + "\n")

    try:
        work: Work = getattr(importlib.import_module(module), name)
        inputs = {path.stem: np.load(path) for path in (folder / "in").iterdir()}
        results = work(inputs, lambda share, message: say("progress", share, message))
        for key, array in results.items():
            np.save(folder / "out" / f"{key}.npy", array)
    except NodeError as error:
        say("unusable", error.message, error.hint)
    except Exception:
        say("failed", traceback.format_exc())
    else:
        say("done")


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
