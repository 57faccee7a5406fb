from __future__ import annotations

import shutil

import pytest

from meshloom.graph_runtime.codecs import digest, encode
from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models import tiny
from meshloom.graph_runtime.models.loading import libraries
from meshloom.nodes.models.load import load


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    libraries()
    folder = tmp_path_factory.mktemp("model") / "noise"
    tiny.write(folder)
    return folder


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("MESHLOOM_MODELS", str(tmp_path / "own"))
    monkeypatch.setenv("MESHLOOM_LICENCES", str(tmp_path / "licences.json"))
    return tmp_path


def key(model) -> str:
    return digest(encode(model))


def test_the_reference_follows_the_weights_and_not_their_times(original, run, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    first = load(folder=folder, run=run).model
    (folder / "vae/config.json").touch()
    assert key(load(folder=folder, run=run).model) == key(first)
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    data = bytearray(file.read_bytes())
    data[-2] ^= 1
    file.write_bytes(data)
    assert key(load(folder=folder, run=run).model) != key(first)


def test_memory_is_told_part_by_part(original, run):
    rows = {row[0]: row[1:] for row in load(folder=original, dtype="float32", run=run).table.rows}
    assert rows["transformer"] == (481712, 0.002)
    assert {"text_encoder", "vae", "at once on the device", "on disk"} <= set(rows)


def test_a_name_in_the_user_s_folder_is_found(original, run, home):
    shutil.copytree(original, home / "own" / "noise")
    assert load("noise", run=run).model.source == str(home / "own" / "noise")


def test_a_model_from_the_hub_is_known_by_its_commit(original, run, home):
    commit = "c" * 40
    held = home / "hub" / "models--owner--noise"
    shutil.copytree(original, held / "snapshots" / commit)
    (held / "refs").mkdir()
    (held / "refs" / "main").write_text(commit)
    model = load("owner/noise", run=run).model
    assert (model.source, model.content) == ("owner/noise", commit)
    with pytest.raises(ModelError, match="revision v9"):
        load("owner/noise", revision="v9", run=run)
    (held / "snapshots" / commit / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    with pytest.raises(ModelError, match="has not been agreed to"):
        load("owner/noise", run=run)


def test_what_is_not_here_names_the_command(run):
    with pytest.raises(ModelError, match="not on this machine") as told:
        load(run=run)
    assert told.value.hint == "fetch it with: meshloom models pull Qwen/Qwen-Image-Edit-2511"


def test_a_checkpoint_that_lacks_a_file_is_listed_but_told_when_loaded(original, run, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    (folder / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelError, match="diffusion_pytorch_model"):
        load(folder=folder, run=run)
