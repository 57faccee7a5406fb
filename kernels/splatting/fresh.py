"""Compiled kernels that are out of date are thrown away.

numba keeps compiled code on disk and compiles anew when the file of a function has changed, but not when a constant
or a function that it takes from another file has. Kernels of two versions together would write where they must not.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

MARK = "sources-of-splatting"


def forget_stale(sources: Sequence[Path], cache: Path) -> bool:
    """Delete what is compiled of ``sources`` in ``cache``, unless it is of these very sources; whether it was.

    Call it before any kernel runs: numba looks for compiled code then.
    """
    try:
        texts = [source.read_bytes() for source in sources]
    except OSError:  # a bundle without sources, and without compiled code on disk
        return False
    digest = hashlib.sha256(b"".join(hashlib.sha256(text).digest() for text in texts)).hexdigest()
    mark = cache / MARK
    with contextlib.suppress(OSError):
        if mark.read_text("utf-8") == digest:
            return False
    with contextlib.suppress(OSError):  # where nothing can be written, numba keeps nothing either
        for source in sources:
            for index in cache.glob(f"{source.stem}.*.nbi"):
                index.unlink(missing_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        mark.write_text(digest, "utf-8")
    return True
