"""Killed a hundred times, fed ten thousand broken workflows: counted, and each count has a target of none.

Too slow for the suite, which holds small samples of both.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.document import Document
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.keys import Keys
from meshloom.graph_runtime.plan import plan
from meshloom.graph_runtime.preset import dump, parse, resolve, to_edits
from meshloom.graph_runtime.stamps import Stamps

from .conftest import SAMPLE_NODES, Figures

PRESETS = Path(__file__).parents[2] / "presets"
KILLS = 100
MUTANTS = 10_000


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "MESHLOOM_NODES": str(SAMPLE_NODES), "MESHLOOM_CACHE": str(folder / "cache")}


def _graph(turn: int) -> dict[str, Any]:
    """Pictures and numbers, each from the one before, a tenth of a second each; new ones every turn."""
    nodes: dict[str, Any] = {}
    for index in range(8):
        nodes[f"s{index}"] = {"type": "t.slow", "with": {"seconds": 0.05, "mark": turn * 100 + index}}
        nodes[f"a{index}"] = {"type": "t.add", "with": {"plus": index}, "from": {"a": f"s{index}"}}
        nodes[f"a{index}"]["from"]["b"] = f"a{index - 1}" if index else "s0"
    nodes["picture"] = {"type": "t.picture", "with": {"side": 200 + turn}}
    nodes["brighter"] = {"type": "t.brighter", "from": {"image": "picture"}}
    return {"meshloom": 1, "nodes": nodes}


def _run(folder: Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "meshloom.app", "run", "w.json", "--json", "--no-report"]
    return subprocess.Popen(
        command, cwd=folder, env=_environment(folder), text=True, stdout=subprocess.PIPE, **options
    )


def bench_killed(tmp_path: Path, figures: Figures) -> None:
    """kill -9 at random moments, the next run finishes: right, and without what was finished before."""
    chance = random.Random(20)
    wrong = lost = resumed = 0
    for turn in range(KILLS):
        (tmp_path / "w.json").write_text(json.dumps(_graph(turn)))
        victim = _run(tmp_path)
        time.sleep(chance.uniform(0.25, 1.2))
        victim.kill()
        assert victim.stdout is not None
        said = victim.stdout.read().splitlines()
        victim.wait()
        told = [each for line in said if (each := _event(line)).get("event") == "NodeDone"]
        done = {each["node"] for each in told}
        # Of what was told a moment before the kill, some may still have been on its way to the disk.
        dear = {each["node"] for each in told[:-3] if each.get("seconds", 0) > 0.02}
        again = _run(tmp_path, stderr=subprocess.PIPE)
        out, err = again.communicate(timeout=60)
        events = [_event(line) for line in out.splitlines()]
        computed = {each["node"] for each in events if each.get("event") == "NodeDone" and each["computed"]}
        lost += len(dear & computed)
        resumed += len(done - computed)
        expected = turn * 100 + sum(turn * 100 + index + index for index in range(8))
        held = json.loads((tmp_path / "output" / "w" / "a7.json").read_text())
        value = held["value"] if isinstance(held, dict) else held
        wrong += again.returncode != 0 or value != expected or "Traceback" in err
    figures.add(f"killed {KILLS} times: next run wrong", wrong, 0)
    figures.add("    results computed again that had been finished", lost, 0)
    figures.add("    results found again (more is better)", resumed)


def _event(line: str) -> dict[str, Any]:
    try:
        held = json.loads(line)
    except ValueError:  # the last line of a killed process
        return {}
    return held if isinstance(held, dict) else {}


#: What a mutation may put in the place of something.
POISON: list[Any] = [
    None, True, -1, 1e308, 10**40, "", "\0", "../../etc/passwd", "/etc/passwd", "~root/x", "💥" * 40, [], {},
    [[[[[]]]]], {"node": 1}, "a.b.c", "__import__('os').system('touch pwned')", "group:x", "\ud800", "${HOME}",
]  # fmt: skip


def _mutated(text: str, chance: random.Random) -> bytes:
    kind = chance.randrange(4)
    data = bytearray(text.encode())
    if kind == 0:
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    if kind == 1:
        begin = chance.randrange(len(data))
        end = min(len(data), begin + chance.randrange(1, 200))
        del data[begin:end]
        if chance.random() < 0.3:
            data[begin:begin] = chance.choice([b"[" * 5000, b'{"a":' * 3000, b"NaN", b"1e999", b"\xff\xfe"])
        return bytes(data)
    tree = json.loads(text)
    for _ in range(chance.randrange(1, 4)):
        _poison(tree, chance)
    return json.dumps(tree, allow_nan=True).encode("utf-8", "surrogatepass")


def _poison(tree: Any, chance: random.Random) -> None:
    holders = [tree]
    for holder in holders:
        for held in holder.values() if isinstance(holder, dict) else holder:
            if isinstance(held, (dict, list)) and held:
                holders.append(held)
    holder = chance.choice(holders)
    poison = chance.choice(POISON)
    if isinstance(holder, list):
        holder[chance.randrange(len(holder))] = poison
    elif not holder or chance.random() < 0.2:
        holder[str(poison)[:200]] = poison
    elif chance.random() < 0.2:
        key = chance.choice(list(holder))
        holder[str(chance.choice(POISON))[:200]] = holder.pop(key)
    else:
        holder[chance.choice(list(holder))] = poison


def bench_mutants(catalog: Catalog, tmp_path: Path, figures: Figures) -> None:
    """Broken workflows are read, planned, put into a document and written again, or refused with a message."""
    chance = random.Random(7)
    texts = [file.read_text(encoding="utf-8") for file in sorted(PRESETS.glob("*.json"))]
    before = sorted(tmp_path.rglob("*"))
    refused = planned = untyped = slow = 0
    slowest, example = 0.0, ""
    keys = Keys(Stamps(None), "cpu")
    for index in range(MUTANTS):
        data = _mutated(texts[index % len(texts)], chance)
        begun = time.perf_counter()
        try:
            graph = resolve(parse(data, "mutant"), catalog)
            plan(graph, catalog, keys, None, tmp_path)
            parse(dump(graph).encode())
            to_edits(graph).apply(Document(catalog))
            planned += 1
        except MeshloomError:
            refused += 1
        except Exception as error:
            untyped += 1
            example = example or f"{type(error).__name__}: {error} in {data[:300]!r}"
        seconds = time.perf_counter() - begun
        slowest = max(slowest, seconds)
        slow += seconds > 2
    print(example)
    figures.add(f"{MUTANTS} mutants: other errors than ours", untyped, 0)
    figures.add("    slower than 2 s", slow, 0)
    figures.add("    files written, code run", len(set(tmp_path.rglob("*")) - set(before)), 0)
    figures.add("    refused with a message", refused)
    figures.add("    read (problems are the plan's to tell)", planned)
    figures.add("    the slowest (ms)", slowest * 1e3, 2000)
    assert not Path("pwned").exists()


def bench_mutants_on_the_command_line(tmp_path: Path, figures: Figures) -> None:
    """The same through ``meshloom check`` in processes of their own."""
    chance = random.Random(11)
    text = (PRESETS / "sweep_demo.json").read_text(encoding="utf-8")
    wrong = 0
    for _ in range(60):
        (tmp_path / "mutant.json").write_bytes(_mutated(text, chance))
        said = subprocess.run(
            [sys.executable, "-m", "meshloom.app", "check", "mutant.json"],
            cwd=tmp_path,
            env=_environment(tmp_path),
            capture_output=True,
            timeout=30,
        )
        told = said.stdout + said.stderr
        wrong += said.returncode not in (0, 2) or b"Traceback" in told or b"internal error" in told
    figures.add("60 mutants on the command line: tracebacks, other codes than 0 and 2", wrong, 0)
