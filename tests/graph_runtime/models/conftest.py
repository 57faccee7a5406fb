"""A tiny checkpoint in files, a folder of models of its own for each test, and a Hub on this machine."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from meshloom.graph_runtime.models import tiny

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="session")
def tiny_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from meshloom.graph_runtime.models.loading import libraries

    libraries()
    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    tiny.write(folder)
    return folder


@pytest.fixture
def checkpoint(tiny_original: Path, tmp_path: Path) -> Path:
    """A tiny checkpoint that the test may damage."""
    return Path(shutil.copytree(tiny_original, tmp_path / "checkpoint"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No models but the test's own, and no Hub."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("MESHLOOM_LICENCES", str(tmp_path / "licences.json"))
    monkeypatch.setenv("MESHLOOM_MODELS", str(tmp_path / "own"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the port of "discard": nobody answers
    return tmp_path


class Hub:
    """What the Hub's servers answer, of one model, spoken over HTTP as they do."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.card: dict[str, Any] = {"license": "apache-2.0"}
        self.gated = False
        #: Any page at all, as the log-in page of a hotel is.
        self.page = b""
        #: By file: answers end after so many bytes, one after the other.
        self.cuts: dict[str, list[int]] = {}
        self.spoiled: set[str] = set()
        #: By file: answers stop after so many bytes, and the connection stays.
        self.stalls: dict[str, int] = {}
        self._closing = threading.Event()
        #: (file, first byte asked for) of each download.
        self.asked: list[tuple[str, int]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def large(self, name: str) -> bool:
        return name.endswith((".safetensors", ".bin"))

    def entry(self, name: str) -> dict[str, Any]:
        data = self.files[name]
        git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        said: dict[str, Any] = {"size": len(data), "git": git}
        if self.large(name):
            said["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return said

    def info(self) -> dict[str, Any]:
        siblings = []
        for name in sorted(self.files):
            held = self.entry(name)
            lfs = {"lfs": held["lfs"]} if "lfs" in held else {}
            siblings.append({"rfilename": name, "size": held["size"], "blobId": held["git"], **lfs})
        return {
            "id": "some/model",
            "sha": COMMIT,
            "siblings": siblings,
            "cardData": self.card,
            "gated": "auto" if self.gated else False,
            "private": False,
            "tags": [],
        }

    def tree(self) -> list[dict[str, Any]]:
        made = []
        for name in sorted(self.files):
            held = self.entry(name)
            lfs = held.get("lfs")
            said = {"lfs": {"oid": lfs["sha256"], "size": lfs["size"], "pointerSize": 130}} if lfs else {}
            made.append({"type": "file", "oid": held["git"], "size": held["size"], "path": name, **said})
        return made

    def _handler(hub) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, body: bool) -> None:
                path = unquote(urlsplit(self.path).path)
                if hub.page:
                    self._say(200, hub.page, {"Content-Type": "text/html"}, body)
                    return
                if not path.removeprefix("/api/models").startswith("/some/model"):
                    self._say(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
                elif path.startswith("/api/models/some/model/tree/"):
                    self._json(hub.tree(), body)
                elif match := re.fullmatch(r"/api/models/some/model(?:/revision/(.+))?", path):
                    if match[1] not in (None, "main", COMMIT):
                        self._say(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body)
                    else:
                        self._json(hub.info(), body)
                elif match := re.fullmatch(r"/some/model/resolve/[^/]+/(.+)", path):
                    self._file(match[1], body)
                else:
                    self._say(404, b"{}", {"X-Error-Code": "EntryNotFound"}, body)

            def _file(self, name: str, body: bool) -> None:
                if hub.gated:
                    self._say(403, b"{}", {"X-Error-Code": "GatedRepo"}, body)
                    return
                data = hub.files[name]
                held = hub.entry(name)
                tag = held["lfs"]["sha256"] if "lfs" in held else held["git"]
                headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
                if not body:
                    self._say(200, data, headers, body=False)
                    return
                first = 0
                if match := re.match(r"bytes=(\d+)-", self.headers.get("Range", "")):
                    first = int(match[1])
                hub.asked.append((name, first))
                if name in hub.spoiled:
                    data = bytes(255 - byte for byte in data)
                part = data[first:]
                cuts = hub.cuts.get(name)
                cut = cuts.pop(0) if cuts else None
                if first:
                    headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
                stall = hub.stalls.pop(name, None)
                status = 206 if first else 200
                self._say(status, part, headers, True, cut if stall is None else stall, stall is not None)

            def _json(self, said: Any, body: bool) -> None:
                self._say(200, json.dumps(said).encode(), {"Content-Type": "application/json"}, body)

            def _say(
                self,
                status: int,
                data: bytes,
                headers: dict[str, str],
                body: bool,
                cut: int | None = None,
                stall: bool = False,
            ) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if body:
                    self.wfile.write(data if cut is None else data[:cut])
                if cut is not None and stall:
                    self.wfile.flush()
                    hub._closing.wait(60)
                if cut is not None:
                    self.wfile.flush()
                    self.close_connection = True

        return Handler


@pytest.fixture
def hub(home: Path, tiny_original: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub that has the tiny checkpoint as ``some/model``."""
    served = Hub()
    for path in tiny_original.rglob("*"):
        if path.is_file():
            served.files[path.relative_to(tiny_original).as_posix()] = path.read_bytes()
    monkeypatch.setenv("HF_ENDPOINT", served.address)
    yield served
    served.close()
