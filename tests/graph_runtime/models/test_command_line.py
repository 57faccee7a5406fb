"""`meshloom models ...` as it is typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file

from meshloom.graph_runtime.cli.main import run as run_main
from meshloom.graph_runtime.models.licences import consent_file

SOURCE = "some/model"


@pytest.fixture
def meshloom(home, capfd) -> Callable[..., str]:
    """Type a command; what it said, both streams. ``code``: the exit code expected."""

    def say(*words: object, code: int = 0) -> str:
        capfd.readouterr()
        got = run_main(["models", *map(str, words)])
        out, err = capfd.readouterr()
        assert got == code, f"exit code {got}\n{out}\n{err}"
        assert "Traceback" not in out + err
        return out + err

    return say


def test_pull_list_inspect_remove(meshloom, hub):
    said = meshloom("pull", SOURCE, "--dry-run")
    assert "licence   apache-2.0 (free)" in said and "transformer/diffusion_pytorch_model.safetensors" in said
    assert hub.asked == []
    said = meshloom("pull", SOURCE, code=2)
    assert "has not been agreed to" in said and f"meshloom models pull {SOURCE} --accept-licence" in said
    said = meshloom("pull", SOURCE, "--accept-licence")
    assert "100 %" in said and "whole and checked" in said
    assert json.loads(consent_file().read_text())[SOURCE]["licence"] == "apache-2.0"
    assert "to fetch  0 B" in meshloom("pull", SOURCE)  # agreed to once
    assert f"{SOURCE} @ 0123456789ab" in meshloom("list")
    (held,) = json.loads(meshloom("list", "--json"))
    assert (held["source"], held["state"], held["licence_kind"]) == (SOURCE, "", "free")
    assert "loads whole" in meshloom("inspect", SOURCE)
    assert "are as they were fetched" in meshloom("check", SOURCE)
    assert "freed" in meshloom("remove", SOURCE, "--yes")
    assert meshloom("list").startswith("0 models")


def test_models_worth_knowing_are_listed_with_what_they_ask(meshloom):
    said = meshloom("list", "--known")
    assert "meshloom models pull Qwen/Qwen-Image-Edit-2511" in said and "about 57.7 GB" in said
    assert "(not commercial): Not for commercial use" in said
    (first, *_) = json.loads(meshloom("list", "--known", "--json"))
    assert (first["source"], first["state"]) == ("Qwen/Qwen-Image-Edit-2511", "not here")


def test_without_a_connection_the_command_is_named(meshloom):
    said = meshloom("pull", "Qwen/Qwen-Image-Edit-2511", code=2)
    assert "cannot be reached" in said and "meshloom models pull Qwen/Qwen-Image-Edit-2511" in said
    for command in ("inspect", "licence"):
        said = meshloom(command, "Qwen/Qwen-Image-Edit-2511", code=2)
        assert "fetch it with: meshloom models pull Qwen/Qwen-Image-Edit-2511" in said
    assert "not on this machine" in meshloom("remove", "a/b", "--yes", code=2)
    assert "expected owner/name" in meshloom("pull", "just-a-name", code=2)


def test_what_is_wrong_is_inspected(meshloom, checkpoint):
    from safetensors.torch import save_file

    file = checkpoint / "transformer/diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    tensors["new.weight"] = tensors.pop("proj_out.weight")
    save_file(tensors, file, metadata={"format": "pt"})
    said = meshloom("inspect", checkpoint, code=1)
    assert "1 missing:\n    proj_out.weight" in said
    assert "1 too many:\n    new.weight" in said
    assert "does not load whole" in said
    told = json.loads(meshloom("inspect", checkpoint, "--json", code=1).partition("\n[")[0])
    assert told["loads"] is False
    assert {part["name"]: part["missing"] for part in told["parts"]}["transformer"] == ["proj_out.weight"]
    shutil.rmtree(checkpoint / "vae")
    assert "vae/" in meshloom("inspect", checkpoint, code=1)


def test_choices_are_checked(meshloom, checkpoint):
    assert "expected one of bfloat16, float16, float32" in meshloom(
        "inspect", checkpoint, "--dtype", "int4", code=2
    )
    whole = json.loads(meshloom("inspect", checkpoint, "--json"))["estimate"]["device"]
    small = json.loads(meshloom("inspect", checkpoint, "--json", "--quantisation", "float8"))["estimate"][
        "device"
    ]
    assert small < whole


def test_pickles_are_converted_or_refused(meshloom, checkpoint):
    file = checkpoint / "vae/diffusion_pytorch_model.safetensors"
    torch.save(load_file(file), file.with_suffix(".bin"))
    file.unlink()
    assert "meshloom models convert" in meshloom("inspect", checkpoint, code=1)
    assert "1 files written" in meshloom("convert", checkpoint)
    assert "loads whole" in meshloom("inspect", checkpoint)

    class Trap:
        def __reduce__(self):
            return print, ("sprung",)

    torch.save({"a": Trap()}, checkpoint / "bad.pt")
    said = meshloom("convert", checkpoint / "bad.pt", code=2)
    assert "is refused: it asks to run code" in said and "sprung" not in said
    assert "there is no model" in meshloom("convert", "nowhere.bin", code=2)


def test_a_licence_is_shown_and_agreed_to(meshloom, checkpoint):
    (checkpoint / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    said = meshloom("licence", checkpoint)
    assert "Not for commercial use" in said and "not agreed to" in said
    assert meshloom("licence", checkpoint, "--accept").endswith("agreed to\n")
    assert "not agreed" not in meshloom("licence", checkpoint)


def test_a_tiny_one_is_written(meshloom, home):
    said = meshloom("tiny", home / "tiny", "--pipeline", "QwenImagePipeline")
    assert "noise" in said
    assert "loads whole" in meshloom("inspect", home / "tiny")
    assert "exists already" in meshloom("tiny", home / "tiny", code=2)
    assert "there is no tiny Nonsense" in meshloom("tiny", home / "other", "--pipeline", "Nonsense", code=2)
