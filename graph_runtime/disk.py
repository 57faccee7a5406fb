"""The disk tier: results that survive a restart, shared by every Meshloom process of a user.

One SQLite file is the index (and holds small values), ``blobs/`` holds large values under their digest.
What makes it safe:

* a value is written aside and renamed, then indexed in a transaction: a killed process leaves at worst an
  orphan file, which ``prune`` removes;
* whatever is read is checked against its digest, so a flipped bit or a torn write is a miss, never a wrong
  result (which is also why nothing waits for fsync);
* trouble with the disk (full, read-only, a broken index) never fails a run: the tier says so once through
  ``on_trouble`` and steps aside.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.codecs import Encoded, digest, digest_of, size

#: Values up to this size live in the index itself: one row instead of one file.
INLINE_BYTES = 16 << 10

#: A use is noted at most this often (seconds): pruning needs no finer clock.
_TOUCH_EVERY = 3600.0

#: Raised when the meaning of keys or rows changes: older results are left behind, not misread.
FORMAT = 1

#: An output of a record: a digest, or one digest per item of a list.
Ref = str | tuple[str, ...]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records(
    key TEXT PRIMARY KEY, outputs TEXT, seconds REAL, bytes INTEGER, used REAL, made REAL, mark TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs(
    digest TEXT PRIMARY KEY, bytes INTEGER, used REAL, seconds REAL, inline BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stamps(path TEXT PRIMARY KEY, stat TEXT, digest TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS latest(
    workflow TEXT, node TEXT, key TEXT, recipe TEXT, seconds REAL, PRIMARY KEY(workflow, node)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Record:
    """What a computation gave: its outputs by digest, what it cost, and when it was made (Unix time)."""

    outputs: tuple[Ref, ...]
    seconds: float
    bytes: int
    made: float = 0.0


@dataclass(frozen=True)
class Latest:
    """The last key a node of a workflow had, and what it was made of: for telling why it will run."""

    key: str
    recipe: Mapping[str, Any]
    seconds: float


class DiskStore:
    """The index and the blobs under one folder. Thread-safe; writes happen on a thread of its own."""

    def __init__(
        self,
        folder: Path,
        budget: int = 20 << 30,
        pending_budget: int = 128 << 20,
        on_trouble: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = folder / f"v{FORMAT}"
        self.budget = budget
        self.readable = True
        self.writable = True
        self.on_trouble = on_trouble or (lambda message: None)
        self._lock = threading.RLock()
        self._tasks: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._pending_budget = pending_budget
        self._pending_bytes = 0
        self._room = threading.Condition()
        self._unwritten = 0
        self._touched: set[str] = set()
        self._touched_since = 0.0
        self._db = self._open()
        self._writer: threading.Thread | None = None

    # ------------------------------------------------------------------------------------------ opening

    def _open(self) -> sqlite3.Connection | None:
        try:
            (self.folder / "blobs").mkdir(parents=True, exist_ok=True)
            return self._connect()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error) or "readonly" in str(error) or "unable to open" in str(error):
                return self._open_read_only(error)
            return self._start_over(error)
        except OSError as error:
            return self._open_read_only(error)

    def _connect(self) -> sqlite3.Connection:
        path = self.folder / "index.sqlite"
        db = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=OFF")  # every read is verified: see the module's text
        db.executescript(_SCHEMA)
        return db

    def _open_read_only(self, error: Exception) -> sqlite3.Connection | None:
        self.writable = False
        path = self.folder / "index.sqlite"
        try:
            db = sqlite3.connect(f"file:{path}?immutable=1", uri=True, check_same_thread=False)
            db.execute("SELECT 1 FROM records LIMIT 1")
        except (sqlite3.Error, OSError):
            self.readable = False
            self.on_trouble(f"the cache folder {self.folder} cannot be used ({error}); working without it")
            return None
        self.on_trouble(f"the cache folder {self.folder} is read-only; new results are kept in memory only")
        return db

    def _start_over(self, error: Exception) -> sqlite3.Connection | None:
        """Put a broken index aside and begin a new one: results are recomputed, nothing else is lost."""
        aside = self.folder / f"index.broken-{uuid.uuid4().hex[:8]}"
        try:
            for suffix in ("", "-wal", "-shm"):
                path = self.folder / f"index.sqlite{suffix}"
                if path.exists():
                    path.replace(f"{aside}{suffix}")
            db = self._connect()
        except (sqlite3.Error, OSError) as again:
            return self._open_read_only(again)
        self.on_trouble(f"the cache index was damaged ({error}); it was put aside as {aside.name}")
        return db

    # ------------------------------------------------------------------------------------------ reading

    def _query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        if self._db is None:
            return []
        with self._lock:
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.OperationalError:  # busy or gone: a miss
                return []
            except sqlite3.DatabaseError as error:
                self._db.close()
                self._db = self._start_over(error)
                return []

    def record(self, key: str) -> Record | None:
        """What the computation of that key gave, or ``None``."""
        rows = self._query("SELECT outputs, seconds, bytes, made, mark FROM records WHERE key=?", key)
        if not rows:
            return None
        outputs, seconds, total, made, mark = rows[0]
        if mark != digest_of((key, outputs)):
            return None
        return Record(_refs(outputs), seconds, total, made)

    def holds(self, digests: Iterable[str]) -> bool:
        """Whether all of them are stored (their content is checked when read)."""
        for name in digests:
            rows = self._query("SELECT inline IS NULL FROM blobs WHERE digest=?", name)
            if not rows or (rows[0][0] and not self._path(name).exists()):
                return False
        return True

    def blob(self, name: str) -> bytes | None:
        """The verified bytes of a value, or ``None`` (missing or damaged; the damaged one is dropped)."""
        rows = self._query("SELECT inline FROM blobs WHERE digest=?", name)
        if not rows:
            return None
        data = rows[0][0]
        if data is None:
            try:
                data = self._path(name).read_bytes()
            except OSError:
                data = None
        if data is not None and digest([data]) == name:
            return bytes(data)
        self.forget(blobs=[name])
        return None

    def latest(self, workflow: str) -> dict[str, Latest]:
        """The last recipe of each node of a workflow."""
        rows = self._query("SELECT node, key, recipe, seconds FROM latest WHERE workflow=?", workflow)
        found = {}
        for node, key, recipe, seconds in rows:
            with contextlib.suppress(ValueError):
                found[node] = Latest(key, json.loads(recipe), seconds)
        return found

    def stamp(self, path: str, stat: str) -> str | None:
        """The remembered digest of a file, if its size and times are still ``stat``."""
        rows = self._query("SELECT digest FROM stamps WHERE path=? AND stat=?", path, stat)
        return rows[0][0] if rows else None

    def _path(self, name: str) -> Path:
        return self.folder / "blobs" / name[:2] / name[2:]

    # ------------------------------------------------------------------------------------------ writing

    def put(
        self, key: str | None, record: Record, values: Mapping[str, Encoded], done: Callable[[], None]
    ) -> None:
        """Store values and, with a key, the record that names them. Returns at once unless far behind.

        ``done`` is called when the values are safe on disk, or will not be.
        """
        total = sum(size(parts) for parts in values.values())
        with self._room:
            while self._pending_bytes > self._pending_budget and self.writable:
                self._room.wait(0.1)
            self._pending_bytes += total
            self._unwritten += 1
        self._send(("put", key, record, values, done, total))

    def remember_latest(self, workflow: str, rows: Mapping[str, Latest]) -> None:
        """Note what the nodes of a workflow were made of."""
        packed = [
            (workflow, node, row.key, json.dumps(row.recipe), row.seconds) for node, row in rows.items()
        ]
        self._count_and_send(("rows", "INSERT OR REPLACE INTO latest VALUES(?,?,?,?,?)", packed))

    def remember_stamp(self, path: str, stat: str, name: str) -> None:
        """Note the digest of a file's content."""
        self._count_and_send(("rows", "INSERT OR REPLACE INTO stamps VALUES(?,?,?)", [(path, stat, name)]))

    def forget(self, keys: Iterable[str] = (), blobs: Iterable[str] = ()) -> None:
        """Drop records and values that turned out to be missing or damaged."""
        self._count_and_send(("rows", "DELETE FROM records WHERE key=?", [(key,) for key in keys]))
        self._count_and_send(("rows", "DELETE FROM blobs WHERE digest=?", [(name,) for name in blobs]))
        if self.writable:
            for name in blobs:
                with contextlib.suppress(OSError):
                    self._path(name).unlink()

    def _count_and_send(self, task: tuple[Any, ...]) -> None:
        with self._room:
            self._unwritten += 1
        self._send(task)

    def _send(self, task: tuple[Any, ...]) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="cache-writer", daemon=True)
                self._writer.start()
        self._tasks.put(task)

    def flush(self) -> None:
        """Wait until everything put so far is on disk."""
        with self._room:
            while self._unwritten:
                self._room.wait(0.05)

    def close(self) -> None:
        """Flush and let go of the index."""
        self.flush()
        writer, self._writer = self._writer, None
        if writer is not None:
            self._tasks.put(None)
            writer.join()
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _write(self) -> None:
        """The writer thread: drains what has gathered, writes files, then indexes all in one transaction."""
        db: sqlite3.Connection | None = None  # of its own: readers need not wait for a transaction
        while True:
            batch = [self._tasks.get()]
            while len(batch) < 2000 and not self._tasks.empty():
                batch.append(self._tasks.get())
            tasks = [task for task in batch if task is not None]
            try:
                if self.writable and tasks:
                    db = db or self._connect()
                    self._write_batch(db, tasks)
            except (OSError, sqlite3.Error) as error:
                self._give_up(error)
            finally:
                for task in tasks:
                    if task[0] == "put":
                        task[4]()
                with self._room:
                    self._pending_bytes -= sum(task[5] for task in tasks if task[0] == "put")
                    self._unwritten -= len(tasks)
                    self._room.notify_all()
            if None in batch:
                if db is not None:
                    db.close()
                return

    def _give_up(self, error: Exception) -> None:
        self.writable = False
        if isinstance(error, OSError) and error.errno == 28:
            reason = "the disk is full; free some space or run: meshloom cache prune"
        else:
            reason = str(error)
        self.on_trouble(f"results can no longer be stored in {self.folder}: {reason}")

    def _write_batch(self, db: sqlite3.Connection, tasks: list[tuple[Any, ...]]) -> None:
        now = time.time()
        statements: dict[str, list[tuple[Any, ...]]] = {}
        for task in tasks:
            if task[0] == "rows":
                statements.setdefault(task[1], []).extend(task[2])
                continue
            _, key, record, values, _, _ = task
            for name, parts in values.items():
                total = size(parts)
                inline = b"".join(parts) if total <= INLINE_BYTES else None
                if inline is None:
                    self._write_blob(name, parts)
                statements.setdefault("INSERT OR REPLACE INTO blobs VALUES(?,?,?,?,?)", []).append(
                    (name, total, now, record.seconds, inline)
                )
            if key is not None:
                outputs = json.dumps(record.outputs)
                statements.setdefault("INSERT OR REPLACE INTO records VALUES(?,?,?,?,?,?,?)", []).append(
                    (key, outputs, record.seconds, record.bytes, now, record.made, digest_of((key, outputs)))
                )
        db.execute("BEGIN IMMEDIATE")
        try:
            for sql, rows in statements.items():
                db.executemany(sql, rows)
            db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise

    def _write_blob(self, name: str, parts: Encoded) -> None:
        path = self._path(name)
        if path.exists() and path.stat().st_size == size(parts):
            return
        path.parent.mkdir(exist_ok=True)
        aside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            with aside.open("wb") as file:
                for part in parts:
                    file.write(part)
            aside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise

    # --------------------------------------------------------------------------------------- housekeeping

    def touch(self, keys: Iterable[str], digests: Iterable[str]) -> None:
        """Note that these were used now, so that pruning spares them."""
        now = time.time()
        if now - self._touched_since > _TOUCH_EVERY:
            self._touched.clear()
            self._touched_since = now
        fresh_keys, fresh = set(keys) - self._touched, set(digests) - self._touched
        self._touched |= fresh_keys | fresh
        if fresh_keys:
            rows = [(now, key) for key in fresh_keys]
            self._count_and_send(("rows", "UPDATE records SET used=? WHERE key=?", rows))
        if fresh:
            rows = [(now, name) for name in fresh]
            self._count_and_send(("rows", "UPDATE blobs SET used=? WHERE digest=?", rows))

    def info(self) -> dict[str, Any]:
        """Counts and bytes."""
        self.flush()
        ((records,),) = self._query("SELECT count(*) FROM records") or [(0,)]
        ((blobs, total),) = self._query("SELECT count(*), coalesce(sum(bytes),0) FROM blobs") or [(0, 0)]
        return {
            "folder": str(self.folder),
            "records": records,
            "values": blobs,
            "bytes": total,
            "budget": self.budget,
            "writable": self.writable,
        }

    def prune(self, budget: int | None = None) -> int:
        """Remove the least worth keeping until at most ``budget`` bytes remain; returns bytes freed.

        Worth: when it was last used, and an hour more for each doubling of the seconds it took to make.
        Orphan files (of killed processes) older than an hour go too.
        """
        budget = self.budget if budget is None else budget
        self.flush()
        rows = self._query("SELECT digest, bytes, used, seconds FROM blobs")
        total = sum(row[1] for row in rows)
        rows.sort(key=_worth)
        freed, dropped = 0, []
        for name, count, _, _ in rows:
            if total - freed <= budget:
                break
            freed += count
            dropped.append(name)
        self.forget(blobs=dropped)
        self.flush()
        known = {row[0] for row in self._query("SELECT digest FROM blobs WHERE inline IS NULL")}
        old = time.time() - 3600
        for path in (self.folder / "blobs").glob("*/*"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                if path.parent.name + path.name not in known and stat.st_mtime < old:
                    path.unlink()
                    freed += stat.st_size
        return freed

    def verify(self, progress: Callable[[int, int], None] | None = None) -> list[str]:
        """Read every value and drop the damaged; returns their digests."""
        self.flush()
        names = [row[0] for row in self._query("SELECT digest FROM blobs")]
        bad = []
        for index, name in enumerate(names):
            if self.blob(name) is None:
                bad.append(name)
            if progress is not None:
                progress(index + 1, len(names))
        return bad

    def clear(self) -> int:
        """Forget every result; returns bytes freed."""
        freed = self.prune(0)
        for table in ("records", "blobs", "stamps", "latest"):
            self._count_and_send(("rows", f"DELETE FROM {table} WHERE ?", [(1,)]))
        self.flush()
        return freed


def _worth(row: tuple[Any, ...]) -> float:
    import math

    _, _, used, seconds = row
    return float(used) + 3600.0 * math.log2(1.0 + max(0.0, seconds))


def _refs(outputs: str) -> tuple[Ref, ...]:
    return tuple(tuple(item) if isinstance(item, list) else item for item in json.loads(outputs))
