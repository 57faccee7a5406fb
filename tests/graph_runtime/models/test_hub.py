"""Fetching a model from a Hub that speaks HTTP: whole, resumed, refused, out of reach."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meshloom.graph_runtime.errors import Cancelled, ModelError
from meshloom.graph_runtime.models import hub as client
from meshloom.graph_runtime.models.inspect import inspect
from meshloom.graph_runtime.models.licences import CONDITIONS, FREE, PRIVATE
from meshloom.graph_runtime.models.places import find

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


def test_a_model_comes_whole_and_is_found_by_other_programs_too(hub, tiny_original):
    plan = client.look_up("some/model")
    assert (plan.commit[:8], plan.licence.kind) == ("01234567", FREE)
    assert plan.missing == plan.bytes == sum(map(len, hub.files.values()))
    told = []
    folder = client.fetch(plan, lambda done, total, name: told.append((done, total)))
    assert told[-1] == (plan.bytes, plan.bytes)
    assert find("some/model").folder == folder
    for name, data in hub.files.items():
        assert (folder / name).read_bytes() == data
    assert all(part.loads for part in inspect(folder))
    from huggingface_hub import snapshot_download

    there = snapshot_download("some/model", cache_dir=client.hub_folder(), local_files_only=True)
    assert Path(there) == folder
    client.verify(plan, folder)
    assert client.look_up("some/model").missing == 0


def test_what_is_here_is_not_fetched_again(hub):
    client.fetch(client.look_up("some/model"))
    before = list(hub.asked)
    client.fetch(client.look_up("some/model"))
    assert hub.asked == before


def test_a_connection_that_breaks_is_taken_up_at_the_byte(hub):
    size = len(hub.files[WEIGHTS])
    hub.cuts = {WEIGHTS: [0, 0, size // 3, size // 3]}
    plan = client.look_up("some/model")
    folder = client.fetch(plan)
    assert (folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    asked = [first for name, first in hub.asked if name == WEIGHTS]
    assert sorted(asked) == asked
    assert asked[-1] > 0


def test_a_pull_that_was_stopped_goes_on_at_the_byte(hub):
    size = len(hub.files[WEIGHTS])

    def stop(done: int, total: int, name: str) -> None:
        if name == WEIGHTS and done > size:
            raise Cancelled

    plan = client.look_up("some/model")
    with pytest.raises(Cancelled):
        client.fetch(plan, stop)
    left = plan.missing
    assert 0 < left < plan.bytes
    with pytest.raises(ModelError, match="not on this machine"):
        find("some/model")
    hub.asked.clear()
    folder = client.fetch(client.look_up("some/model"))
    (first,) = (first for name, first in hub.asked if name == WEIGHTS)
    assert first > 0
    assert (folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_a_pull_that_was_killed_goes_on_at_the_byte(hub):
    """The command in a process of its own, ended by kill -9 in the middle of a file."""
    half = len(hub.files[WEIGHTS]) // 2
    hub.stalls = {WEIGHTS: half}
    command = [sys.executable, "-m", "meshloom.app", "models", "pull", "some/model", "--accept-licence"]
    pulling = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not any(part.stat().st_size > half // 2 for part in client.hub_folder().rglob("*.part")):
        assert time.monotonic() < until and pulling.poll() is None
        time.sleep(0.05)
    pulling.kill()
    pulling.wait(20)
    hub.asked.clear()
    folder = client.fetch(client.look_up("some/model"))
    (first,) = (first for name, first in hub.asked if name == WEIGHTS)
    assert first > half // 2
    assert (folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_two_at_once_do_not_write_the_same_file(hub, monkeypatch):
    plan = client.look_up("some/model")
    monkeypatch.setattr(client, "_OTHER", 0.3)
    seen = []

    def meanwhile(done: int, total: int, name: str) -> None:
        if not seen:
            with pytest.raises(ModelError, match="fetched by another process") as told:
                client.fetch(plan)
            seen.append(told)

    client.fetch(plan, meanwhile)
    assert seen


def test_files_altered_on_the_way_are_refused(hub):
    hub.spoiled = {WEIGHTS}
    with pytest.raises(ModelError, match="hash does not match"):
        client.fetch(client.look_up("some/model"))
    assert len([name for name, _ in hub.asked if name == WEIGHTS]) == 2
    with pytest.raises(ModelError, match="meshloom models pull some/model"):
        find("some/model")
    hub.spoiled = set()
    assert client.fetch(client.look_up("some/model")).is_dir()


def test_a_small_file_altered_on_the_way_is_refused(hub):
    hub.spoiled = {"model_index.json"}
    with pytest.raises(ModelError, match=r"model_index\.json has changed"):
        client.fetch(client.look_up("some/model"))


def test_weights_changed_on_disk_are_noticed(hub):
    plan = client.look_up("some/model")
    folder = client.fetch(plan)
    blob = (folder / WEIGHTS).resolve()
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(data)
    with pytest.raises(ModelError, match="has changed"):
        client.verify(plan, folder)
    with pytest.raises(ModelError, match=r"diffusion_pytorch_model\.safetensors changed") as told:
        client.check("some/model", folder)
    assert "meshloom models remove some/model" in told.value.hint


def test_files_are_hashed_without_the_hub(hub, tiny_original):
    plan = client.look_up("some/model")
    folder = client.fetch(plan)
    hub.close()
    told = []
    assert (
        client.check("some/model", folder, lambda done, total, name: told.append((done, total))) == plan.bytes
    )
    assert told[-1] == (plan.bytes, plan.bytes)
    with pytest.raises(ModelError, match="nothing to compare"):
        client.check("noise", tiny_original)


def test_no_connection_names_the_command(home):
    with pytest.raises(ModelError, match="cannot be reached") as told:
        client.look_up("some/model")
    assert "meshloom models pull some/model" in told.value.hint


def test_a_model_or_revision_that_is_not_there(hub):
    with pytest.raises(ModelError, match="the Hub has no model some/other"):
        client.look_up("some/other")
    with pytest.raises(ModelError, match="no revision old"):
        client.look_up("some/model", "old")


def test_terms_to_agree_to_are_told(hub):
    hub.gated = True
    plan = client.look_up("some/model")
    assert plan.gated and "agree to terms" in plan.licence.meaning
    with pytest.raises(ModelError, match="agree to terms") as told:
        client.fetch(plan)
    assert "HF_TOKEN" in told.value.hint


def test_a_disk_too_small_is_told_before_anything_comes(hub, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(client.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(ModelError, match=r"more, and .* free"):
        client.fetch(client.look_up("some/model"))
    assert hub.asked == []


def test_something_else_that_answers_on_the_address_is_told(hub):
    hub.page = b"<html>log in to the wireless network first</html>"
    with pytest.raises(ModelError, match="does not answer like the Hub"):
        client.look_up("some/model")


@pytest.mark.parametrize(
    ("said", "name", "kind"),
    [
        ({"license": "apache-2.0"}, "apache-2.0", FREE),
        ({"license": "openrail++"}, "openrail++", CONDITIONS),
        ({"license": "other", "license_name": "an-nc-non-commercial"}, "an-nc-non-commercial", PRIVATE),
        ({}, "not stated", "unknown"),
    ],
)  # fmt: skip
def test_the_licence_is_told_before(hub, said, name, kind):
    hub.card = said
    licence = client.look_up("some/model").licence
    assert (licence.name, licence.kind) == (name, kind)


def test_only_one_copy_of_the_weights_is_taken():
    names = [
        "README.md", "model_index.json", "whole-pipeline.safetensors", "sample.png", "code.py",
        "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin", "unet/model.onnx",
        "text_encoder/model-00001-of-00002.safetensors", "text_encoder/model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.json", "text_encoder/pytorch_model.bin.index.json",
        "text_encoder/pytorch_model-00001-of-00001.bin",
        "old/config.json", "old/pytorch_model.bin", "half/model.fp16.safetensors",
    ]  # fmt: skip
    assert set(client.chosen(names)) == {
        "README.md", "model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
        "text_encoder/model-00001-of-00002.safetensors", "text_encoder/model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.json", "old/config.json", "old/pytorch_model.bin",
        "half/model.fp16.safetensors",
    }  # fmt: skip
