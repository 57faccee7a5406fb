"""Pickled weights: turned into safetensors, or refused without running what they hold."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.convert import convert, load_pickle
from meshloom.graph_runtime.models.inspect import check_loadable


class Trap:
    """Makes a file when it is unpickled, as an attacker's program would do worse."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_a_checkpoint_of_pickles_loads_once_converted(checkpoint):
    originals = {}
    for name, folder in (("diffusion_pytorch_model", "transformer"), ("diffusion_pytorch_model", "vae")):
        file = checkpoint / folder / f"{name}.safetensors"
        originals[folder] = load_file(file)
        torch.save(originals[folder], file.with_suffix(".bin"))
        file.unlink()
    file = checkpoint / "text_encoder" / "model.safetensors"
    originals["text_encoder"] = load_file(file)
    torch.save(originals["text_encoder"], file.with_name("pytorch_model.bin"))
    file.unlink()
    with pytest.raises(ModelError, match="pickled"):
        check_loadable(checkpoint)
    written = convert(checkpoint)
    assert [path.parent.name for path in written] == ["text_encoder", "transformer", "vae"]
    assert written[0].name == "model.safetensors"
    check_loadable(checkpoint)
    for path in written:
        made = load_file(path)
        wanted = originals[path.parent.name]
        assert made.keys() == wanted.keys()
        assert all(torch.equal(made[name], wanted[name]) for name in wanted)
    assert convert(checkpoint) == []


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_is_refused_and_does_not_run(tmp_path, zipped):
    file, sprung = tmp_path / "model.bin", tmp_path / "sprung"
    held = {"weight": torch.zeros(2), "trap": Trap(sprung)}
    torch.save(held, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="asks to run code") as told:
        convert(file)
    assert "safetensors" in told.value.hint
    assert not sprung.exists()
    assert list(tmp_path.iterdir()) == [file]
    # The trap is a real one.
    if not zipped:
        return
    with zipfile.ZipFile(file) as inside:
        name = next(name for name in inside.namelist() if name.endswith("data.pkl"))
        data = inside.read(name)
    unpickler = pickle.Unpickler(__import__("io").BytesIO(data))
    unpickler.persistent_load = lambda _: torch.FloatStorage(2)  # type: ignore[method-assign]
    unpickler.load()
    assert sprung.exists()


def test_a_plain_pickle_with_code_is_refused(tmp_path):
    file, sprung = tmp_path / "model.ckpt", tmp_path / "sprung"
    file.write_bytes(pickle.dumps({"a": Trap(sprung)}))
    with pytest.raises(ModelError, match=r"refused|no sound file"):
        convert(file)
    assert not sprung.exists()


@pytest.mark.parametrize("data", [b"", b"PK", b"not a model", b"\x80\x02"])
def test_what_is_no_pickle_is_told(tmp_path, data):
    file = tmp_path / "model.pt"
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"model\.pt"):
        convert(file)


def test_training_wrappers_are_unwrapped(tmp_path):
    file = tmp_path / "model.ckpt"
    torch.save({"state_dict": {"weight": torch.ones(2)}, "epoch": 3}, file)
    assert list(load_pickle(file)) == ["weight"]
    torch.save({"epoch": 3}, file)
    with pytest.raises(ModelError, match="no tensors by name"):
        load_pickle(file)


def test_tensors_that_share_memory_are_written_apart(tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    file = tmp_path / "model.pt"
    torch.save({"whole": whole, "row": whole[1], "turned": whole.T, "same": whole}, file)
    (made,) = convert(file)
    held = load_file(made)
    assert torch.equal(held["turned"], whole.T)
    assert torch.equal(held["row"], whole[1])
    assert torch.equal(held["same"], whole)


def test_the_index_of_shards_follows(tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "pytorch_model-00001-of-00001.bin")
    listing = tmp_path / "pytorch_model.bin.index.json"
    listing.write_text(json.dumps({"weight_map": {"a": "pytorch_model-00001-of-00001.bin"}}))
    convert(tmp_path)
    made = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert made["weight_map"] == {"a": "model-00001-of-00001.safetensors"}
    assert (tmp_path / "model-00001-of-00001.safetensors").exists()


def test_nothing_to_convert_is_told(tmp_path):
    with pytest.raises(ModelError, match="no pickled weights"):
        convert(tmp_path)
