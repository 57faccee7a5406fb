"""Values of finished nodes, read from the disk cache that the engine process keeps, on a thread."""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from meshloom.graph_runtime.cache import Cache, Missing
from meshloom.graph_runtime.disk import DiskStore
from meshloom.graph_runtime.engine import default_cache_folder
from meshloom.ui.words import _

#: A result that was told may still be on its way to the disk (seconds).
_PATIENCE = 3.0
#: Bytes of values kept for looking at again.
_BUDGET = 1 << 30


class Results(QObject):
    """Loads values by digest. Each answer names what was asked for, so a late one can be told apart."""

    #: The digest, and its value.
    loaded = Signal(str, object)
    #: The digest, and why there is no value.
    failed = Signal(str, str)

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._wanted: queue.LifoQueue[str | None] = queue.LifoQueue()
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._closed = False
        #: What was looked for in vain: whoever made it has to make it again.
        self.lost: set[str] = set()

    def use(self, folder: Path | None) -> None:
        """Read from another cache folder from now on."""
        self._folder = folder

    def want(self, digest: str) -> None:
        """Ask for a value; :attr:`loaded` or :attr:`failed` answers. The latest asked comes first."""
        if self._closed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="results", daemon=True)
            self._thread.start()
        self._wanted.put(digest)

    def _load(self) -> None:
        folder = self._folder
        cache = Cache(_BUDGET, DiskStore(folder or default_cache_folder()))
        try:
            while (digest := self._wanted.get()) is not None and not self._closed:
                if folder != self._folder:
                    cache.close()
                    folder = self._folder
                    cache = Cache(_BUDGET, DiskStore(folder or default_cache_folder()))
                value, fault = self._fetch(cache, digest)
                if self._closed:
                    return
                if fault:
                    self.lost.add(digest)
                    self.failed.emit(digest, fault)
                else:
                    self.lost.discard(digest)
                    self.loaded.emit(digest, value)
        finally:
            cache.close()

    def _fetch(self, cache: Cache, digest: str) -> tuple[Any, str]:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return cache.load(digest), ""
            except Missing:
                if time.monotonic() > until or self._closed:
                    return None, _("This result is no longer in the cache. Run the graph to make it again.")
                time.sleep(0.05)
            except Exception as error:
                return None, _("This result cannot be read: {error}").format(error=error)

    def close(self) -> None:
        """Stop loading."""
        self._closed = True
        self._wanted.put(None)
        if self._thread is not None:
            self._thread.join(5)
