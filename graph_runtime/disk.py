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
import errno
import json
import os
import queue
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.codecs import Encoded, digest, digest_of, size

#: Values up to this size live in the index itself: one row instead of one file.
INLINE_BYTES = 16 << 10

#: A use is noted at most this often (seconds): pruning needs no finer clock.
_TOUCH_EVERY = 3600.0

#: A result that took longer than this (seconds) is written at once; cheaper ones gather for this long.
_CHEAP = 0.02
_GATHER = 0.05

#: An index of more keys than this is asked key by key.
_MOST_KNOWN = 20_000

#: How long another process may hold the index (seconds).
_PATIENCE = 20.0

#: The errors of a file system that has no more room: for anybody, for this user, for this file.
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", -1), errno.EFBIG)

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
#: What is asked of each table: an index whose tables lack it was damaged in just that place.
_COLUMNS = {
    "records": "key, outputs, seconds, bytes, used, made, mark",
    "blobs": "digest, bytes, used, seconds, inline",
    "stamps": "path, stat, digest",
    "latest": "workflow, node, key, recipe, seconds",
}


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
        #: Bytes put since the size of the whole was last looked at.
        self.written = 0
        #: Every key stored, while :meth:`looked_ahead`: what is not in it need not be asked for.
        self._known: set[str] | None = None
        #: Somebody waits for what is not written yet.
        self._hurry = threading.Event()
        #: Counts the indexes opened, so that the writer follows when a damaged one is put aside.
        self._opened = 0
        self._db = self._open()
        self._writer: threading.Thread | None = None
        self._writing: sqlite3.Connection | None = None
        self._writing_opened = 0

    # ------------------------------------------------------------------------------------------ opening

    def _open(self) -> sqlite3.Connection | None:
        try:
            (self.folder / "blobs").mkdir(parents=True, exist_ok=True)
            return self._connect()
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
            return self._start_over(error) if _is_damage(error) else self._open_read_only(error)

    def _connect(self) -> sqlite3.Connection:
        path = self.folder / "index.sqlite"
        db = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            # Two processes that begin at once: the first to ask for WAL locks the other out without waiting.
            until = time.monotonic() + _PATIENCE
            while True:
                try:
                    db.execute("PRAGMA journal_mode=WAL")
                    break
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > until:
                        raise
                    time.sleep(0.02)
            db.execute("PRAGMA synchronous=OFF")  # every read is verified: see the module's text
            db.executescript(_SCHEMA)
            for table, columns in _COLUMNS.items():
                db.execute(f"SELECT {columns} FROM {table} LIMIT 0")
        except BaseException:
            db.close()
            raise
        return db

    def _open_read_only(self, error: Exception) -> sqlite3.Connection | None:
        self.writable = False
        path = self.folder / "index.sqlite"
        try:
            db = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)
            db.execute("SELECT 1 FROM records LIMIT 1")
        except (sqlite3.Error, OSError):
            self.on_trouble(f"the cache folder {self.folder} cannot be used ({error}); working without it")
            return None
        self.on_trouble(f"the cache folder {self.folder} is read-only; new results are kept in memory only")
        return db

    def _start_over(self, error: Exception) -> sqlite3.Connection | None:
        """Put a broken index aside and begin a new one: results are recomputed, nothing else is lost."""
        self._opened += 1
        aside = self.folder / f"index.broken-{uuid.uuid4().hex[:8]}"
        try:
            for suffix in ("", "-wal", "-shm"):
                path = self.folder / f"index.sqlite{suffix}"
                if path.exists():
                    path.replace(f"{aside}{suffix}")
            db = self._connect()
        except (sqlite3.Error, OSError, UnicodeDecodeError) as again:
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
            except (sqlite3.Error, UnicodeDecodeError) as error:  # busy or gone: a miss
                if _is_damage(error):
                    self._renew(error, self._opened)
                return []

    def _renew(self, error: Exception, opened: int) -> None:
        """The index, the ``opened``-th, turned out to be damaged while it was in use."""
        with self._lock:
            if self._db is not None and opened == self._opened:
                self._db.close()
                self._db = self._start_over(error)

    def record(self, key: str) -> Record | None:
        """What the computation of that key gave, or ``None``."""
        known = self._known
        if known is not None and key not in known:
            return None
        rows = self._query("SELECT outputs, seconds, bytes, made, mark FROM records WHERE key=?", key)
        if not rows:
            return None
        *held, mark = rows[0]
        if mark != _mark(key, *held):
            return None
        outputs, seconds, total, made = held
        return Record(_refs(outputs), seconds, total, made)

    @contextlib.contextmanager
    def looked_ahead(self) -> Iterator[None]:
        """Meanwhile, keys that nobody has stored are missed without a query, each of which gives up the
        interpreter lock. What another process stores meanwhile is missed too: it is computed again, rightly.
        """
        rows = self._query("SELECT key FROM records LIMIT ?", _MOST_KNOWN + 1)
        self._known = {key for (key,) in rows} if len(rows) <= _MOST_KNOWN else None
        try:
            yield
        finally:
            self._known = None

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
        if isinstance(data, bytes) and digest([data]) == name:
            return data
        self.forget(blobs=[name])
        return None

    def latest(self, workflow: str) -> dict[str, Latest]:
        """The last recipe of each node of a workflow."""
        rows = self._query("SELECT node, key, recipe, seconds FROM latest WHERE workflow=?", _plain(workflow))
        found = {}
        for node, key, recipe, seconds in rows:
            with contextlib.suppress(ValueError, TypeError):
                held = json.loads(recipe)
                if _is_recipe(held):
                    found[str(node)] = Latest(str(key), held, float(seconds))
        return found

    def stamp(self, path: str, stat: str) -> str | None:
        """The remembered digest of a file, if its size and times are still ``stat``."""
        rows = self._query("SELECT digest FROM stamps WHERE path=? AND stat=?", _plain(path), stat)
        return str(rows[0][0]) if rows else None

    def _path(self, name: str) -> Path:
        # Names come from the index, which may be damaged or somebody else's: none leads out of the folder.
        name = name if name.isalnum() else digest_of([name])
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
            self.written += total
            self._unwritten += 1
            if key is not None:
                self._touched.add(key)
                if self._known is not None:
                    self._known.add(key)
            self._touched.update(values)
        if total > INLINE_BYTES or record.seconds > _CHEAP:
            self._hurry.set()
        self._send(("put", key, record, values, done, total))

    def remember_latest(self, workflow: str, rows: Mapping[str, Latest]) -> None:
        """Note what the nodes of a workflow were made of."""
        workflow = _plain(workflow)
        packed = [
            (workflow, node, row.key, json.dumps(row.recipe), row.seconds) for node, row in rows.items()
        ]
        self._count_and_send(("rows", "INSERT OR REPLACE INTO latest VALUES(?,?,?,?,?)", packed))

    def remember_stamp(self, path: str, stat: str, name: str) -> None:
        """Note the digest of a file's content."""
        self._count_and_send(
            ("rows", "INSERT OR REPLACE INTO stamps VALUES(?,?,?)", [(_plain(path), stat, name)])
        )

    def forget(self, keys: Iterable[str] = (), blobs: Collection[str] = ()) -> None:
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
                self._hurry.set()
                self._room.wait(0.05)

    def close(self) -> None:
        """Flush, keep within the budget, and let go of the index."""
        self.trim()
        self.flush()
        writer, self._writer = self._writer, None
        if writer is not None:
            self._tasks.put(None)
            self._hurry.set()
            writer.join()
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _write(self) -> None:
        """The writer thread: drains what has gathered, writes files, then indexes all in one transaction."""
        while True:
            batch = [self._tasks.get()]
            # Of a flood of cheap results, few and large transactions; whatever took long is written at once.
            self._hurry.wait(_GATHER)
            self._hurry.clear()
            while len(batch) < 2000 and not self._tasks.empty():
                batch.append(self._tasks.get())
            tasks = [task for task in batch if task is not None]
            try:
                if self.writable and tasks:
                    self._store(tasks)
            except Exception as error:  # whatever it is, nobody may wait for a writer that is gone
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
                if self._writing is not None:
                    self._writing.close()
                    self._writing = None
                return

    def _store(self, tasks: list[tuple[Any, ...]]) -> None:
        """Write a batch; once more, into a new index, if the one there turns out to be damaged."""
        try:
            self._write_batch(self._index_to_write(), tasks)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if not _is_damage(error):
                raise
            self._renew(error, self._writing_opened)
            self._write_batch(self._index_to_write(), tasks)

    def _index_to_write(self) -> sqlite3.Connection:
        """The writer's own connection, so that readers need not wait for a transaction."""
        if self._writing is not None and self._writing_opened != self._opened:
            self._writing.close()
            self._writing = None
        self._writing_opened = self._opened
        if self._writing is None:
            self._writing = self._connect()
        return self._writing

    def _give_up(self, error: Exception) -> None:
        self.writable = False
        if (isinstance(error, OSError) and error.errno in _FULL) or "full" in str(error):
            reason = "the disk is full; free some space or run: meshloom cache prune"
        else:
            reason = str(error)
        with contextlib.suppress(Exception):  # whoever is told may be gone
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
                seconds, made = float(record.seconds), float(record.made)
                mark = _mark(key, outputs, seconds, record.bytes, made)
                statements.setdefault("INSERT OR REPLACE INTO records VALUES(?,?,?,?,?,?,?)", []).append(
                    (key, outputs, seconds, record.bytes, now, made, mark)
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
        Orphan files (of killed processes, or of an index put aside) older than an hour go too.
        """
        if not self.writable:
            return 0
        budget = self.budget if budget is None else budget
        self.flush()
        rows = self._query("SELECT digest, bytes, used, seconds FROM blobs")
        total = sum(row[1] for row in rows)
        rows.sort(key=_worth)
        freed, dropped = 0, set()
        for name, count, _, _ in rows:
            if total - freed <= budget:
                break
            freed += count
            dropped.add(name)
        records = self._query("SELECT key, outputs FROM records") if dropped else []
        self.forget([key for key, outputs in records if not dropped.isdisjoint(_names(outputs))], dropped)
        self.flush()
        return freed + self._remove_orphans(time.time() - 3600)

    def _remove_orphans(self, before: float) -> int:
        """Remove files no index knows, unless a process may be about to index them; returns bytes freed."""
        freed = 0
        known = {row[0] for row in self._query("SELECT digest FROM blobs WHERE inline IS NULL")}
        for path in [*(self.folder / "blobs").glob("*/*"), *self.folder.glob("index.broken-*")]:
            with contextlib.suppress(OSError):
                stat = path.stat()
                if path.parent.name + path.name not in known and stat.st_mtime < before:
                    path.unlink()
                    freed += stat.st_size
        return freed

    def trim(self) -> int:
        """Prune if what was put since the last call may have passed the budget; returns bytes freed."""
        if not self.written or not self.writable:
            return 0
        self.flush()
        self.written = 0
        ((total,),) = self._query("SELECT coalesce(sum(bytes),0) FROM blobs") or [(0,)]
        # Some room is made, or every run from now on would come here.
        return self.prune(self.budget * 9 // 10) if total > self.budget else 0

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
        if not self.writable:
            return 0
        freed = self.prune(0)
        for table in ("records", "blobs", "stamps", "latest"):
            self._count_and_send(("rows", f"DELETE FROM {table} WHERE ?", [(1,)]))
        self.flush()
        with self._lock, contextlib.suppress(sqlite3.Error):  # in use elsewhere: the room is used again
            if self._db is not None:
                self._db.execute("VACUUM")
        return freed + self._remove_orphans(time.time() - 60)


def _worth(row: tuple[Any, ...]) -> float:
    import math

    _, _, used, seconds = row
    return float(used) + 3600.0 * math.log2(1.0 + max(0.0, seconds))


def _refs(outputs: str) -> tuple[Ref, ...]:
    return tuple(tuple(item) if isinstance(item, list) else item for item in json.loads(outputs))


def _is_damage(error: Exception) -> bool:
    """Whether an error says that the index is broken, and not that it is busy, full or out of reach."""
    if isinstance(error, UnicodeDecodeError):  # Python fails to read SQLite's message about broken text
        return True
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return kind in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _names(outputs: str) -> set[str]:
    """Every digest that a record's outputs name."""
    try:
        return {name for ref in _refs(outputs) for name in ([ref] if isinstance(ref, str) else ref)}
    except (ValueError, TypeError):
        return set()


def _is_recipe(held: Any) -> bool:
    """Whether this is what ``lookup.recipe`` makes: words, and words by name."""
    if not isinstance(held, dict):
        return False
    words = [word for part in held.values() for word in (part.values() if isinstance(part, dict) else [part])]
    tables = [held.get(name, {}) for name in ("params", "inputs")]
    return all(isinstance(word, str) for word in words) and all(isinstance(table, dict) for table in tables)


def _mark(key: str, outputs: str, seconds: float, total: int, made: float) -> str:
    """Tells a record as it was written from one that a failing disk made up."""
    return digest_of((key, repr((outputs, seconds, total, made))))


def _plain(text: str) -> str:
    """A path as text that SQLite takes: file names need not be Unicode."""
    return text.encode("utf-8", "backslashreplace").decode()
