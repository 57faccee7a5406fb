"""Dry runs over real checkpoints that were damaged, each in another way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import read_checkpoint
from meshloom.graph_runtime.models.estimate import check_fits, estimate
from meshloom.graph_runtime.models.headers import read_header
from meshloom.graph_runtime.models.inspect import check_loadable, inspect
from meshloom.graph_runtime.models.values import ModelRef

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
NAME = "transformer_blocks.0.attn.to_q.weight"


def part(folder: Path, name: str):
    return next(held for held in inspect(folder) if held.name == name)


def rewrite(file: Path, change) -> None:
    tensors = load_file(file)
    save_file(change(tensors) or tensors, file, metadata={"format": "pt"})


def test_a_sound_checkpoint_loads(checkpoint):
    compared = check_loadable(checkpoint)
    assert [held.name for held in compared] == ["text_encoder", "transformer", "vae"]
    assert all(held.loads and not held.unexpected for held in compared)
    assert part(checkpoint, "transformer").dtypes == (("F32", 481712 * 4),)


def test_missing_unexpected_and_mismatched_are_told_apart(checkpoint):
    def change(tensors):
        tensors["somebody.elses"] = torch.zeros(3)
        del tensors["proj_out.weight"]
        tensors[NAME] = torch.zeros(64, 32)

    rewrite(checkpoint / WEIGHTS, change)
    held = part(checkpoint, "transformer")
    assert held.missing == ("proj_out.weight",)
    assert held.unexpected == ("somebody.elses",)
    assert held.mismatched == ((NAME, (64, 32), (64, 64)),)
    assert not held.loads
    with pytest.raises(ModelError, match=r"1 weights have another shape.*\[64, 32\], expected \[64, 64\]"):
        check_loadable(checkpoint)


def test_weights_too_many_do_not_stop_it(checkpoint):
    rewrite(checkpoint / WEIGHTS, lambda tensors: {**tensors, "extra": torch.zeros(3)})
    assert part(checkpoint, "transformer").loads


def test_both_ways_to_name_the_weights_of_a_text_encoder_are_understood(checkpoint):
    """Qwen's files say `model.layers` and `visual` where the class has other names; newer files may say those."""
    names = read_header(checkpoint / "text_encoder/model.safetensors")
    assert "visual.blocks.0.attn.qkv.weight" in names and "model.layers.0.self_attn.v_proj.bias" in names
    assert part(checkpoint, "text_encoder").loads

    def change(tensors):
        return {
            name.replace("model.", "model.language_model.", 1)
            if name.startswith("model.")
            else name.replace("visual.", "model.visual.", 1): tensor
            for name, tensor in tensors.items()
        }

    rewrite(checkpoint / "text_encoder/model.safetensors", change)
    held = part(checkpoint, "text_encoder")
    assert (held.missing, held.unexpected) == ((), ())


def test_a_type_that_cannot_be_loaded_is_told(checkpoint):
    def change(tensors):
        tensors[NAME] = tensors[NAME].to(torch.float8_e4m3fn)

    rewrite(checkpoint / WEIGHTS, change)
    assert part(checkpoint, "transformer").odd == (NAME,)
    with pytest.raises(ModelError, match="of a type that cannot be loaded"):
        check_loadable(checkpoint)


def test_half_precision_is_no_fault(checkpoint):
    rewrite(checkpoint / WEIGHTS, lambda tensors: {name: held.bfloat16() for name, held in tensors.items()})
    held = part(checkpoint, "transformer")
    assert held.loads and held.dtypes == (("BF16", 481712 * 2),)


@pytest.mark.parametrize("cut", [4, 200, -1])
def test_a_file_cut_short_is_damaged(checkpoint, cut):
    file = checkpoint / WEIGHTS
    data = file.read_bytes()
    file.write_bytes(data[:cut])
    held = part(checkpoint, "transformer")
    assert not held.loads
    assert "diffusion_pytorch_model.safetensors" in held.fault
    with pytest.raises(ModelError, match="meshloom models pull"):
        check_loadable(checkpoint)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 64,
        b"\x02\0\0\0\0\0\0\0[]",
        b"\x40\0\0\0\0\0\0\0"
        + b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}   '
        + b"\0" * 4,
        b"\x40\0\0\0\0\0\0\0"
        + b'{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}   '
        + b"\0" * 4,
    ],
)
def test_no_file_of_bytes_is_taken_for_weights(tmp_path, data):
    file = tmp_path / "x.safetensors"
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"x\.safetensors"):
        read_header(file)


def test_an_absent_shard_is_named(checkpoint):
    folder = checkpoint / "transformer"
    tensors = load_file(checkpoint / WEIGHTS)
    names = sorted(tensors)
    shards = {"one": names[:40], "two": names[40:]}
    weight_map = {}
    for index, held in enumerate(shards.values(), start=1):
        file = f"diffusion_pytorch_model-{index:05}-of-00002.safetensors"
        save_file({name: tensors[name] for name in held}, folder / file, metadata={"format": "pt"})
        weight_map.update(dict.fromkeys(held, file))
    listing = folder / "diffusion_pytorch_model.safetensors.index.json"
    listing.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (checkpoint / WEIGHTS).unlink()
    assert part(checkpoint, "transformer").loads
    (folder / "diffusion_pytorch_model-00002-of-00002.safetensors").unlink()
    held = part(checkpoint, "transformer")
    assert held.fault == "absent: transformer/diffusion_pytorch_model-00002-of-00002.safetensors"
    assert read_checkpoint(checkpoint).absent


def test_a_component_that_is_not_there_is_told(checkpoint):
    (checkpoint / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"absent: transformer/diffusion_pytorch_model\.safetensors"):
        check_loadable(checkpoint)
    (checkpoint / "tokenizer").rename(checkpoint / "gone")
    with pytest.raises(ModelError, match="tokenizer: absent: tokenizer/"):
        check_loadable(checkpoint)


def test_the_configuration_of_another_class_is_told(checkpoint):
    config = checkpoint / "transformer/config.json"
    config.write_text((checkpoint / "vae/config.json").read_text())
    assert "its files are of a AutoencoderKLQwenImage" in part(checkpoint, "transformer").fault


def test_a_class_that_the_library_lacks_is_told(checkpoint):
    listing = checkpoint / "model_index.json"
    held = json.loads(listing.read_text())
    held["transformer"] = ["diffusers", "TransformerOfTheFuture"]
    listing.write_text(json.dumps(held))
    assert "has no TransformerOfTheFuture" in part(checkpoint, "transformer").fault
    held["transformer"] = ["their_module", "Own"]
    listing.write_text(json.dumps(held))
    assert "would run its code" in part(checkpoint, "transformer").fault


def test_pickled_weights_are_not_loaded(checkpoint):
    torch.save(load_file(checkpoint / WEIGHTS), checkpoint / "transformer/diffusion_pytorch_model.bin")
    (checkpoint / WEIGHTS).unlink()
    held = part(checkpoint, "transformer")
    assert "pickled" in held.fault and "meshloom models convert" in held.hint


@pytest.mark.parametrize("text", ["", "[]", "{", "\0"])
def test_a_damaged_index_is_told(checkpoint, text):
    (checkpoint / "model_index.json").write_text(text)
    with pytest.raises(ModelError, match="damaged"):
        inspect(checkpoint)


def test_a_folder_of_something_else_is_told(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ModelError, match="is no checkpoint") as told:
        inspect(tmp_path)
    assert "holiday.jpg" in told.value.hint


def test_memory_is_told_before(checkpoint):
    whole = estimate(checkpoint, ModelRef("x"))
    counts = {name: count for name, count, _ in whole.parts}
    assert whole.device == 2 * sum(counts.values()) and whole.host == 0
    parts = estimate(checkpoint, ModelRef("x", offload="model"))
    assert parts.device == 2 * counts["transformer"] and parts.host == whole.device
    layers = estimate(checkpoint, ModelRef("x", offload="sequential"))
    assert layers.device < parts.device
    small = estimate(checkpoint, ModelRef("x", quantisation="float8"))
    assert small.device == counts["transformer"] + 2 * counts["text_encoder"] + 2 * counts["vae"]
    parts = estimate(checkpoint, ModelRef("x"), ("vae",))
    assert [name for name, *_ in parts.parts] == ["vae"]
    assert whole.disk == sum(path.stat().st_size for path in checkpoint.rglob("*") if path.is_file())


def test_what_cannot_fit_is_refused(checkpoint):
    huge = estimate(checkpoint, ModelRef("x"))
    check_fits(huge, "cpu")
    with pytest.raises(ModelError, match=r"the weights take 1000000\.0 GB"):
        check_fits(type(huge)(huge.parts, huge.disk, 10**15, 0), "cpu")
    with pytest.raises(ModelError, match="offloading keeps"):
        check_fits(type(huge)(huge.parts, huge.disk, 1, 10**15), "cpu")
