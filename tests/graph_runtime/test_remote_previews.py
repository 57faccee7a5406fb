"""The engine's process sends on what nodes show while they work."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from meshloom.graph_runtime import report
from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.engine import Engine, open_cache
from meshloom.graph_runtime.remote import Remote, _Mouth

GRAPH = {
    "meshloom": 1,
    "nodes": {
        "model": {"type": "models.tiny_checkpoint", "with": {"pipeline": "QwenImagePipeline"}},
        "prompt": {
            "type": "image.encode_prompt",
            "with": {"prompt": "an owl"},
            "from": {"model": "model.model_ref"},
        },
        "made": {
            "type": "image.text_to_image",
            "with": {"steps": 2, "width": 96, "height": 64},
            "from": {"model": "model.model_ref", "prompt": "prompt.prompt_embeddings"},
        },
    },
}


SAMPLES = Path(__file__).parent / "sample_nodes"


def told(graph: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """What an engine process says of a run of a graph."""
    environment = {**os.environ, "MESHLOOM_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    engine = subprocess.Popen(
        [sys.executable, "-m", "meshloom.graph_runtime.remote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert engine.stdin is not None and engine.stdout is not None
    request = {"do": "run", "id": 1, "graph": json.dumps(graph), "folder": str(folder), "targets": None}
    try:
        engine.stdin.write(json.dumps(request).encode() + b"\n")
        engine.stdin.flush()
        events: list[dict[str, Any]] = []
        # Not the last of them: pictures of results may come after it.
        while not any(event["event"] == "Finished" for event in events):
            line = engine.stdout.readline()
            assert line, f"the engine ended after {events}"
            events += json.loads(line)["events"]
        engine.stdin.write(b'{"do": "quit"}\n')
        engine.stdin.flush()
        engine.wait(20)
    finally:
        engine.kill()
        engine.wait()
        engine.stdin.close()
        engine.stdout.close()
    (finished,) = [event for event in events if event["event"] == "Finished"]
    assert finished["status"] == "done", events
    return events


def size_of(event: dict[str, Any]) -> tuple[int, int]:
    with Image.open(io.BytesIO(base64.b64decode(event["png"]))) as picture:
        return picture.size


def test_steps_of_a_picture_are_seen(tmp_path: Path) -> None:
    events = [event for event in told(GRAPH, tmp_path) if event.get("node") == "made"]
    kinds = [event["event"] for event in events]
    assert "Preview" in kinds
    assert kinds.index("NodeStarted") < kinds.index("Preview") < kinds.index("NodeDone")
    assert size_of(events[kinds.index("Preview")]) == (12, 8)


def test_a_picture_and_a_plot_are_told_while_a_node_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESHLOOM_NODES", str(SAMPLES))
    events = told({"meshloom": 1, "nodes": {"u": {"type": "t.unfinished"}}}, tmp_path)
    kinds = [event["event"] for event in events]
    assert kinds.index("NodeStarted") < kinds.index("Preview") < kinds.index("NodeDone")
    assert size_of(events[kinds.index("Preview")]) == (640, 320), "large enough to look at, and no larger"
    plot = [event["figure"] for event in events if event["event"] == "Plot"][-1]
    assert (plot["title"], plot["x_label"]) == ("How it went", "step")
    (series,) = plot["series"]
    assert series == {"name": "error", "kind": "line", "x": [0.0, 1.0], "y": [0.4, None]}


def test_what_was_not_sent_yet_gives_way_to_what_is_newer() -> None:
    sent = io.BytesIO()
    mouth = _Mouth(sent)
    mouth.close()  # from here on it speaks when told to
    sent.seek(sent.truncate(0))
    for level in range(3):
        mouth.say(1, {"event": "Preview", "node": "a", "png": str(level)})
        mouth.say(1, {"event": "Plot", "node": "a", "figure": level})
    mouth.say(1, {"event": "Preview", "node": "b", "png": "x"})
    mouth.say(1, {"event": "NodeDone", "node": "a"})
    mouth.say(1, {"event": "Preview", "node": "b", "png": "y"})
    mouth.flush()
    (line,) = sent.getvalue().splitlines()
    told = [(e["event"], e["node"], e.get("png", e.get("figure"))) for e in json.loads(line)["events"]]
    assert told == [
        ("Preview", "a", "2"), ("Plot", "a", 2), ("Preview", "b", "x"), ("NodeDone", "a", None), ("Preview", "b", "y")
    ]  # fmt: skip


def test_a_picture_that_cannot_be_drawn_does_not_take_the_others_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    drawn: list[str] = []

    def thumbnail_png(_cache: object, name: str, _side: int) -> bytes:
        drawn.append(name)
        if len(drawn) == 1:
            raise IndexError("of a value nobody thought of")
        return b"png"

    monkeypatch.setattr(report, "thumbnail_png", thumbnail_png)
    sent = io.BytesIO()
    engine = Engine(Catalog(), open_cache(tmp_path / "cache"))
    remote = Remote(engine, engine.specs, _Mouth(sent))  # type: ignore[arg-type]
    remote._pictures.put((1, "bad", ("a" * 40,)))
    remote._pictures.put((1, "good", ("b" * 40,)))
    remote.close()
    remote.mouth.flush()
    told = [event["node"] for line in sent.getvalue().splitlines() for event in json.loads(line)["events"]]
    assert told == ["good"]
    assert "nobody thought of" in capfd.readouterr().err
