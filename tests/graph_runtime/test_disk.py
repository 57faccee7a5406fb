"""The disk tier when things go wrong: damage, loss, no room, no permission, several processes, sudden death."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.cache import Cache
from meshloom.graph_runtime.codecs import digest, encode
from meshloom.graph_runtime.disk import DiskStore, Latest, Record
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.events import Event, NodeDone
from meshloom.graph_runtime.types import File

from .child import chain
from .conftest import Children, Ran

#: Pictures of 48 kB, which lie in files of their own, and numbers, which lie in the index.
LENGTH, SIDE = 8, 64
CHAIN = chain(LENGTH, SIDE, 0.0)
MEAN = float(LENGTH - 1)
MakeEngine = Callable[..., Engine]


@pytest.fixture
def trouble() -> list[str]:
    return []


@pytest.fixture
def open_store(tmp_path: Path, trouble: list[str]) -> Iterator[Callable[..., DiskStore]]:
    made = []

    def make(folder: Path | None = None, **options: int) -> DiskStore:
        made.append(DiskStore(folder or tmp_path / "cache", on_trouble=trouble.append, **options))
        return made[-1]

    yield make
    for store in made:
        store.close()


OpenStore = Callable[..., DiskStore]


def filled(make_engine: MakeEngine, **options: object) -> None:
    """A cache that holds all of the chain, closed."""
    engine = make_engine(**options)
    assert Ran(engine, CHAIN).value("mean") == MEAN
    engine.cache.close()


def blobs(folder: Path) -> list[Path]:
    return sorted(file for file in (folder / "v1" / "blobs").rglob("*") if file.is_file())


def put(store: DiskStore, key: str, content: bytes, seconds: float = 0.0) -> str:
    parts = encode(File("f", np.frombuffer(content, np.uint8)))
    name = digest(parts)
    store.put(key, Record((name,), seconds, len(content), 1.0), {name: parts}, lambda: None)
    store.flush()
    return name


# ------------------------------------------------------------------------------------------ damage, loss


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x10
    file.write_bytes(data)


@pytest.mark.parametrize(
    "harm",
    [
        _flip,
        lambda file: file.write_bytes(file.read_bytes()[:-7]),
        lambda file: file.write_bytes(b""),
        Path.unlink,
    ],
    ids=["flipped", "cut", "empty", "gone"],
)
def test_a_damaged_value_is_made_again(
    make_engine: MakeEngine, open_store: OpenStore, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    filled(make_engine)
    for file in blobs(tmp_path / "cache"):
        harm(file)
    ran = Ran(make_engine(), CHAIN, force=["mean"])
    assert ran.outcome.status == "done"
    assert ran.value("mean") == MEAN
    ran.engine.cache.close()
    again = Ran(make_engine(), CHAIN, force=["mean"])
    assert again.computed == {"mean"}
    assert open_store().verify() == []


def test_blobs_deleted_between_two_runs_are_made_again(make_engine: MakeEngine, tmp_path: Path) -> None:
    filled(make_engine)
    shutil.rmtree(tmp_path / "cache/v1/blobs")
    assert Ran(make_engine(), CHAIN).computed == set()  # the result itself is a number in the index
    ran = Ran(make_engine(), CHAIN, force=["mean"])
    assert ran.value("mean") == MEAN
    assert ran.done(f"p{LENGTH - 2}").why == "its result was no longer in the cache"


def test_blobs_deleted_in_the_midst_of_a_run_are_made_again(make_engine: MakeEngine, tmp_path: Path) -> None:
    engine = make_engine(memory=0)  # everything is read back from disk
    plan = engine.plan(CHAIN)
    gone: list[str] = []

    def harm(event: Event) -> None:
        if isinstance(event, NodeDone) and event.node in ("p2", "p5") and event.node not in gone:
            gone.append(event.node)
            engine.cache.flush()
            shutil.rmtree(tmp_path / "cache/v1/blobs", ignore_errors=True)
            (tmp_path / "cache/v1/blobs").mkdir(exist_ok=True)

    outcome = engine.run(plan, harm)
    assert outcome.status == "done"
    assert engine.value(outcome.outputs["mean"][0]) == MEAN


def test_a_flipped_index_is_never_believed(make_engine: MakeEngine, tmp_path: Path) -> None:
    filled(make_engine)
    index = tmp_path / "cache/v1/index.sqlite"
    whole = index.read_bytes()
    luck = random.Random(5)
    for _ in range(int(os.environ.get("MESHLOOM_TEST_FLIPS", "25"))):
        data = bytearray(whole)
        for _ in range(luck.choice([1, 3, 30, 300])):
            data[luck.randrange(len(data))] = luck.randrange(256)
        for file in index.parent.glob("index.*"):
            file.unlink()
        index.write_bytes(data)
        engine = make_engine()
        ran = Ran(engine, CHAIN)
        assert ran.outcome.status == "done"
        assert ran.value("mean") == MEAN
        engine.cache.close()


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"x" * 5000, b"no index " * 1000])
def test_a_broken_index_is_put_aside(
    make_engine: MakeEngine, open_store: OpenStore, tmp_path: Path, trouble: list[str], content: bytes
) -> None:
    filled(make_engine)
    (tmp_path / "cache/v1/index.sqlite").write_bytes(content)
    store = open_store()
    assert store.writable
    assert len(trouble) == bool(content)
    assert put(store, "k", b"x") and store.record("k") is not None


def test_an_index_broken_while_open_is_put_aside_and_writing_goes_on(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    engine = make_engine()
    Ran(engine, CHAIN)
    engine.cache.flush()
    disk = engine.cache.disk
    assert disk is not None
    index = tmp_path / "cache/v1/index.sqlite"
    with sqlite3.connect(index) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with index.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (index.stat().st_size - 4096))
    for side in (SIDE + 1, SIDE + 2):
        assert Ran(engine, chain(LENGTH, side, 0.0)).value("mean") == MEAN
        engine.cache.flush()
    assert disk.writable
    engine.cache.close()
    for again in (make_engine(), make_engine()):
        ran = Ran(again, CHAIN)
        assert ran.value("mean") == MEAN
        again.cache.close()
    assert ran.computed == set()


def test_a_record_that_was_tampered_with_is_a_miss(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    put(store, "k", b"x")
    assert store.record("k") is not None
    with sqlite3.connect(tmp_path / "cache/v1/index.sqlite") as db:
        for column, held in (("outputs", '["00"]'), ("seconds", "long"), ("bytes", None), ("outputs", None)):
            db.execute(f"UPDATE records SET {column}=?", (held,))
            db.commit()
            assert store.record("k") is None


def test_no_name_in_the_index_leads_out_of_the_folder(open_store: OpenStore, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    store = open_store()
    with sqlite3.connect(tmp_path / "cache/v1/index.sqlite") as db:
        for name in ("../../../precious", f"..{precious}", "..", "", "/"):
            db.execute("INSERT INTO blobs VALUES(?,4,0,0,NULL)", (name,))
    assert len(store.verify()) == 5
    store.clear()
    assert precious.read_bytes() == b"mine"


# -------------------------------------------------------------------------------- no permission, no room


def _file_instead(folder: Path) -> None:
    folder.write_bytes(b"")


def _index_is_a_folder(folder: Path) -> None:
    (folder / "v1/index.sqlite").mkdir(parents=True)


@pytest.mark.parametrize("spoil", [_file_instead, _index_is_a_folder])
def test_an_unusable_cache_folder_costs_only_the_cache(
    open_store: OpenStore, tmp_path: Path, trouble: list[str], catalog: object, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / "cache")
    engine = Engine(catalog, Cache(64 << 20, open_store()), 2)  # type: ignore[arg-type]
    assert Ran(engine, CHAIN).value("mean") == MEAN
    assert Ran(engine, CHAIN).computed == set()
    assert len(trouble) == 1
    assert "working without it" in trouble[0]


def test_blobs_that_cannot_be_written_cost_only_the_cache(
    open_store: OpenStore, tmp_path: Path, trouble: list[str], catalog: object
) -> None:
    (tmp_path / "cache/v1").mkdir(parents=True)
    store = open_store()
    (tmp_path / "cache/v1/blobs").rmdir()
    (tmp_path / "cache/v1/blobs").write_bytes(b"")
    engine = Engine(catalog, Cache(1 << 20, store), 2)  # type: ignore[arg-type]
    assert Ran(engine, CHAIN).value("mean") == MEAN
    store.flush()
    assert len(trouble) == 1
    assert "can no longer be stored" in trouble[0]


def test_a_read_only_cache_is_read(children: Children) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        cache = folder / "cache#1?"
        assert f"value {MEAN}" in children.run(cache, length=LENGTH)
        for path in (cache, *cache.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            said = children.run(cache, length=LENGTH, nobody=True)
            assert f"value {MEAN}" in said
            assert sum("read-only; new results are kept in memory only" in line for line in said) == 1
            assert not [line for line in said if line.startswith("NodeDone") and not line.endswith(" 0")]
            said = children.run(cache, length=LENGTH, side=65, nobody=True)
            assert f"value {MEAN}" in said
        finally:
            for path in (cache, *cache.rglob("*")):
                path.chmod(0o755)


def test_memory_is_bounded_where_nothing_can_be_stored(children: Children, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    said = children.run(tmp_path / "cache", length=40, side=256, memory=4 << 20)  # 30 MB in all
    assert "value 39.0" in said
    assert int(next(line.split()[1] for line in said if line.startswith("held"))) < 6 << 20


@pytest.mark.parametrize("most_bytes", [0, 5_000, 60_000])
def test_a_full_disk_costs_only_the_cache(children: Children, tmp_path: Path, most_bytes: int) -> None:
    """A limit on the size of files: the index or the values no longer fit, at another moment each time."""
    said = children.run(tmp_path / "cache", length=20, side=160, most_bytes=most_bytes, memory=4 << 20)
    assert "value 19.0" in said
    assert sum(line.startswith("trouble") for line in said) == 1
    assert not list(tmp_path.rglob("*.part"))
    assert "value 19.0" in children.run(tmp_path / "cache", length=20, side=160)
    store = DiskStore(tmp_path / "cache")
    assert store.verify() == []
    store.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_a_full_file_system_is_said_and_survived(children: Children, tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", tmp_path], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        said = children.run(tmp_path / "cache", length=20, side=160, memory=4 << 20)
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)
    assert "value 19.0" in said
    (line,) = [line for line in said if line.startswith("trouble")]
    assert "the disk is full; free some space or run: meshloom cache prune" in line


# ------------------------------------------------------------------------------------- several processes


def test_processes_may_begin_at_once_on_one_folder(children: Children, tmp_path: Path) -> None:
    started = [children.start(tmp_path / "cache", length=6, seconds=0.01) for _ in range(6)]
    for said in started:
        with said:
            lines = said.read().splitlines()
        assert "value 5.0" in lines
        assert not [line for line in lines if line.startswith(("trouble", "died"))]
    assert all(
        line.endswith(" 0")
        for line in children.run(tmp_path / "cache", length=6, seconds=0.01)
        if line.startswith("NodeDone")
    )


def test_one_process_may_clear_what_another_uses(children: Children, tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "cache")
    done = threading.Event()

    def clear() -> None:
        while not done.is_set():
            store.clear()
            time.sleep(0.03)

    thread = threading.Thread(target=clear)
    thread.start()
    try:
        for _ in range(3):
            said = children.run(tmp_path / "cache", length=12, memory=200_000)
            assert "value 11.0" in said
            assert not [line for line in said if line.startswith("trouble")]
    finally:
        done.set()
        thread.join()
        store.close()


def test_killed_at_any_moment_nothing_is_lost_but_the_moment(children: Children, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    luck = random.Random(int(os.environ.get("MESHLOOM_TEST_SEED", "7")))
    resumed = 0
    for _ in range(int(os.environ.get("MESHLOOM_TEST_KILLS", "20"))):
        with children.start(cache, length=60, side=150) as said:
            pid = int(said.readline().split()[1])
            for _ in range(luck.randrange(1, 220)):
                line = said.readline()
                resumed += line.startswith("NodeDone p") and line.endswith(" 0\n")
            time.sleep(luck.random() * 0.004)
            if line:
                os.kill(pid, signal.SIGKILL)
            rest = said.read()
        assert "trouble" not in rest
        assert "died" not in rest
        if luck.random() < 0.2:
            store = DiskStore(cache)
            assert store.verify() == []
            store.close()
        if luck.random() < 0.1:
            shutil.rmtree(cache)
    assert resumed > 0
    assert "value 59.0" in children.run(cache, length=60, side=150)
    store = DiskStore(cache)
    assert store.verify() == []
    for path in blobs(cache):
        os.utime(path, (1, 1))
    store.prune()
    assert not [path for path in blobs(cache) if path.suffix == ".part"]
    store.close()
    assert all(
        line.endswith(" 0")
        for line in children.run(cache, length=60, side=150)
        if line.startswith("NodeDone")
    )


# ---------------------------------------------------------------------------------------- housekeeping


def test_pruning_keeps_what_was_used_last_and_cost_most(open_store: OpenStore) -> None:
    store = open_store()
    names = [put(store, f"k{index}", bytes([index]) * 50_000) for index in range(4)]
    dear = put(store, "dear", b"d" * 50_000, seconds=100.0)
    store.touch(["k0"], [names[0]])
    store.flush()
    # All were put within a moment: only the touched and the dear one stand out.
    assert store.prune(101_000) >= 150_000
    assert store.blob(dear) is not None
    assert store.info()["bytes"] <= 101_000
    kept = [name for name in names if store.blob(name) is not None]
    assert len(kept) == 1
    assert store.info()["records"] == 2


def test_clearing_leaves_nothing(make_engine: MakeEngine, open_store: OpenStore, tmp_path: Path) -> None:
    filled(make_engine)
    store = open_store()
    assert store.clear() > 6 * SIDE * SIDE * 12
    assert (store.info()["records"], store.info()["values"], store.info()["bytes"]) == (0, 0, 0)
    assert blobs(tmp_path / "cache") == []
    assert (tmp_path / "cache/v1/index.sqlite").stat().st_size < 60_000
    assert store.clear() == 0


def test_orphans_go_once_they_are_old(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store()
    put(store, "k", b"x" * 50_000)
    folder = tmp_path / "cache/v1/blobs/ab"
    folder.mkdir(exist_ok=True)
    young, old, part = folder / "young", folder / "old", folder / "c.1.2.part"
    broken = tmp_path / "cache/v1/index.broken-12345678"
    for path in (young, old, part, broken):
        path.write_bytes(b"orphan")
    for path in (old, part, broken):
        os.utime(path, (1, 1))
    assert store.prune() == 18
    assert [path.exists() for path in (young, old, part, broken)] == [True, False, False, False]
    assert store.verify() == []


def test_the_budget_is_kept_without_being_asked(open_store: OpenStore, tmp_path: Path) -> None:
    store = open_store(budget=200_000)
    for index in range(20):
        put(store, f"k{index}", bytes([index]) * 40_000)
    store.close()
    assert open_store(budget=200_000).info()["bytes"] <= 200_000
    assert sum(path.stat().st_size for path in blobs(tmp_path / "cache")) <= 200_000


def test_a_long_session_keeps_the_budget_too(catalog: object, open_store: OpenStore) -> None:
    store = open_store(budget=600_000)
    engine = Engine(catalog, Cache(64 << 20, store), 2)  # type: ignore[arg-type]
    for side in range(60, 75):
        assert Ran(engine, chain(4, side, 0.0)).value("mean") == 3.0
        store.flush()
        assert sum(row[0] for row in store._query("SELECT bytes FROM blobs")) < 800_000


def test_names_that_are_not_unicode_do_no_harm(open_store: OpenStore) -> None:
    store = open_store()
    path = "/photos/Stra\udcdfe.jpg"
    store.remember_stamp(path, "1:2:3", "ab")
    store.remember_latest(path, {"n": Latest("k", {"params": {"file": path}}, 1.0)})
    store.flush()
    assert store.writable
    assert store.stamp(path, "1:2:3") == "ab"
    assert store.stamp(path, "1:2:4") is None
    (latest,) = store.latest(path).values()
    assert latest.recipe == {"params": {"file": path}}


def test_a_writer_that_meets_the_unforeseen_makes_nobody_wait(
    open_store: OpenStore, trouble: list[str]
) -> None:
    store = open_store()
    store.put("k", Record(("a",), 0.0, 2**80, 0.0), {}, lambda: None)  # more than SQLite counts
    begun = time.monotonic()
    store.flush()
    store.close()
    assert time.monotonic() - begun < 10
    assert len(trouble) == 1
