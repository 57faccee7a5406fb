"""The engine as the command line and the window use it: plan, run and explain over one cache."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.cache import Cache
from meshloom.graph_runtime.context import World
from meshloom.graph_runtime.disk import DiskStore, Latest, Ref
from meshloom.graph_runtime.events import Event
from meshloom.graph_runtime.explain import Explanation, explain
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.keys import Keys
from meshloom.graph_runtime.lookup import digests, recipe
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.plan import Plan
from meshloom.graph_runtime.plan import plan as make_plan
from meshloom.graph_runtime.run import execute
from meshloom.graph_runtime.spec import NodeSpec
from meshloom.graph_runtime.stamps import Stamps
from meshloom.graph_runtime.warm import WarmPool

#: For a plan of more nodes than this, reading all keys at once beats asking for each.
_LARGE = 100


def default_cache_folder() -> Path:
    """Where results are kept unless told otherwise: ``$MESHLOOM_CACHE``, else the user's cache folder."""
    told = os.environ.get("MESHLOOM_CACHE")
    if told:
        return Path(told)
    import platformdirs

    return Path(platformdirs.user_cache_dir("meshloom", appauthor=False))


def open_cache(
    folder: Path | None,
    memory_budget: int = 2 << 30,
    disk_budget: int = 20 << 30,
    on_trouble: Callable[[str], None] | None = None,
) -> Cache:
    """A cache over ``folder``, or in memory alone when ``None``."""
    if folder is None:
        return Cache(memory_budget)
    pending = min(128 << 20, memory_budget // 4)
    return Cache(memory_budget, DiskStore(folder, disk_budget, pending, on_trouble))


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Look for cyclic garbage rarely meanwhile: a plan of thousands of nodes makes many objects and no cycles,
    and each full collection walks everything that torch and its kind have loaded (half the time of planning).
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 50_000), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Engine:
    """Runs graphs against a cache. One run at a time per engine; cancel from any thread."""

    def __init__(
        self,
        specs: Mapping[str, NodeSpec],
        cache: Cache,
        workers: int | None = None,
        device: str | None = None,
        warm_budget: int | None = None,
    ) -> None:
        self.specs = specs
        self.cache = cache
        self.threads = os.cpu_count() or 1
        self.workers = workers or max(2, min(8, self.threads))
        self.device = device or probe_device()
        self.stamps = Stamps(cache.disk)
        self.warm = WarmPool(usual_warm_budget() if warm_budget is None else warm_budget)
        self._cancelled = threading.Event()
        self._kept: list[Ref] = []
        self._latest: dict[str, dict[str, Latest]] = {}

    def plan(
        self, graph: GraphData, targets: Sequence[str] | None = None, folder: Path | None = None
    ) -> Plan:
        """See :func:`meshloom.graph_runtime.plan.plan`."""
        with _rare_collection():
            return make_plan(graph, self.specs, Keys(self.stamps, self.device), targets, folder)

    def run(
        self,
        plan: Plan,
        emit: Callable[[Event], None] | None = None,
        workflow: str = "",
        force: Collection[str] = (),
    ) -> Outcome:
        """Run a plan. ``workflow`` names it (its path), so that a later run can say what changed."""
        for ref in self._kept:
            self.cache.let_go(ref)
        self._kept = []
        before = self.latest(workflow)
        world = World(
            self.cache,
            self.stamps,
            self.warm,
            self._cancelled,
            lambda event: None,
            self.device,
            self.threads,
        )
        try:
            with _rare_collection(), self._looked_ahead(plan):
                outcome = execute(plan, world, emit, self.workers, force, before)
        finally:
            self._cancelled = threading.Event()
        self._kept = outcome.kept
        self._note(workflow, plan, outcome)
        return outcome

    def _looked_ahead(self, plan: Plan) -> AbstractContextManager[None]:
        disk = self.cache.disk
        return disk.looked_ahead() if disk is not None and len(plan.nodes) > _LARGE else nullcontext()

    def cancel(self) -> None:
        """Stop the run that is under way; what is finished stays."""
        self._cancelled.set()

    def value(self, ref: Ref) -> Any:
        """The value of an output of a run. Raises :class:`~meshloom.graph_runtime.cache.Missing`."""
        return self.cache.fetch(ref)

    def explain(self, plan: Plan, workflow: str = "") -> dict[str, Explanation]:
        """For each node of a plan: would it run or be reused, and why."""
        with _rare_collection(), self._looked_ahead(plan):
            return explain(plan, self.cache, self.latest(workflow))

    def latest(self, workflow: str) -> dict[str, Latest]:
        """What the nodes of a workflow were made of when they last ran."""
        if workflow not in self._latest:
            disk = self.cache.disk
            self._latest[workflow] = disk.latest(workflow) if disk is not None else {}
        return self._latest[workflow]

    def _note(self, workflow: str, plan: Plan, outcome: Outcome) -> None:
        known = self.latest(workflow)
        rows: dict[str, Latest] = {}
        for name, inputs in outcome.inputs.items():
            key = ",".join(outcome.keys.get(name, ()))[:400]
            if name not in known or known[name].key != key:
                made_of = recipe(plan.nodes[name], inputs)
                rows[name] = Latest(key, made_of, outcome.done[name].seconds)
        known.update(rows)
        disk = self.cache.disk
        if disk is None:
            return
        if rows:
            disk.remember_latest(workflow, rows)
        if disk.written > disk.budget // 20:  # a window lives long; a command trims when it ends
            disk.trim()
        disk.touch(
            [key for keys in outcome.keys.values() for key in keys],
            [name for refs in outcome.outputs.values() for ref in refs for name in digests(ref)],
        )


def usual_warm_budget() -> int:
    """Bytes of loaded models that may stay: ``$MESHLOOM_WARM_GB``, else half of the machine's memory.

    Half, so that the parts of one large model (57 GB of an image editor) stay side by side where they fit at all.
    """
    told = os.environ.get("MESHLOOM_WARM_GB", "")
    if told.isdecimal():
        return int(told) << 30
    import psutil

    return int(psutil.virtual_memory().total // 2)


def probe_device() -> str:
    """ "cuda" where a CUDA driver lies on this machine, else "cpu". Torch is not imported to find out."""
    told = os.environ.get("MESHLOOM_DEVICE")
    if told:
        return told
    if Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists():
        return "cuda"
    return "cpu"
