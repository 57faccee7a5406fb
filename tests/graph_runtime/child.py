"""Runs graphs in processes of their own, to be watched, limited or killed by a test.

Started once, with everything imported; each line on standard input is a job, done by a fork of this process:
``{"cache": folder, "said": path of a FIFO for what it says, "length": of the graph, ...}``. It says each event as
a line ``Event node computed``, then ``value NUMBER``.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.cache import Missing
from meshloom.graph_runtime.catalog import find_nodes
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.graph import GraphData, Link, NodeData


def chain(length: int, side: int, seconds: float) -> GraphData:
    """Pictures made brighter one after the other; every third step takes its time."""
    nodes = {"p0": NodeData("t.picture", {"side": side, "level": 0.0})}
    for index in range(1, length):
        nodes[f"p{index}"] = NodeData("t.brighter", {"by": 1.0}, {"image": Link(f"p{index - 1}", "image")})
        nodes[f"s{index}"] = NodeData("t.slow", {"seconds": seconds, "mark": index})
    nodes["mean"] = NodeData("t.mean", {}, {"images": Link(f"p{length - 1}", "image")})
    return GraphData(nodes)


def work(job: dict[str, Any], specs: Any) -> None:
    with Path(job["said"]).open("w", buffering=1) as said:
        said.write(f"pid {os.getpid()}\n")
        if "most_bytes" in job:
            resource.setrlimit(resource.RLIMIT_FSIZE, (job["most_bytes"], job["most_bytes"]))
        if job.get("nobody") and os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        trouble = lambda message: said.write(f"trouble {message}\n")  # noqa: E731
        folder = Path(job["cache"]) if job["cache"] else None
        engine = Engine(specs, open_cache(folder, job.get("memory", 64 << 20), on_trouble=trouble), 2)
        plan = engine.plan(chain(job["length"], job.get("side", 64), job.get("seconds", 0.002)))
        outcome = engine.run(
            plan,
            lambda event: said.write(
                f"{type(event).__name__} {getattr(event, 'node', '-')} {getattr(event, 'computed', '')}\n"
            ),
        )
        said.write(f"held {engine.cache.memory_bytes}\n")
        while True:
            try:
                said.write(f"value {engine.value(outcome.outputs['mean'][0])}\n")
                break
            except Missing:  # another process cleared it just now
                outcome = engine.run(plan)
        engine.cache.close()


def main() -> None:
    specs = find_nodes(Path(__file__).parent / "sample_nodes", packs=False)
    engine = Engine(specs, open_cache(None), 2)
    engine.run(engine.plan(chain(3, 4, 0.1)))  # imports all that a run imports
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            try:
                work(json.loads(line), specs)
            except BaseException as error:
                with Path(json.loads(line)["said"]).open("a") as said:
                    said.write(f"died {type(error).__name__}: {error}\n")
                os._exit(1)
            os._exit(0)


if __name__ == "__main__":
    main()
