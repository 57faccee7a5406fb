"""The engine's process sends on what nodes show while they work."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

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


def test_steps_of_a_picture_are_seen(tmp_path: Path) -> None:
    environment = {**os.environ, "MESHLOOM_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    engine = subprocess.Popen(
        [sys.executable, "-m", "meshloom.graph_runtime.remote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert engine.stdin is not None and engine.stdout is not None
    request = {"do": "run", "id": 1, "graph": json.dumps(GRAPH), "folder": str(tmp_path), "targets": None}
    try:
        engine.stdin.write(json.dumps(request).encode() + b"\n")
        engine.stdin.flush()
        events: list[dict[str, str]] = []
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
    kinds = [event["event"] for event in events if event.get("node") == "made"]
    assert "Preview" in kinds
    assert kinds.index("NodeStarted") < kinds.index("Preview") < kinds.index("NodeDone")
    shown = next(event for event in events if event["event"] == "Preview")
    with Image.open(io.BytesIO(base64.b64decode(shown["png"]))) as picture:
        assert picture.size == (12, 8)
