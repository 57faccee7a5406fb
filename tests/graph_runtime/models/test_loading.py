"""References into pipelines: checked before, whole afterwards, and what goes wrong is told."""

from __future__ import annotations

import json
import threading

import pytest
import torch
from safetensors.torch import load_file

from meshloom.graph_runtime.errors import Cancelled, ModelError
from meshloom.graph_runtime.models import patches, tiny
from meshloom.graph_runtime.models.loading import EXECUTION, Loaded, modules, open_pipeline, pipeline_name
from meshloom.graph_runtime.models.running import is_out_of_memory, with_pipeline
from meshloom.graph_runtime.models.values import Lora, ModelRef, Patch
from meshloom.graph_runtime.warm import WarmPool

TINY = ModelRef("tiny:QwenImageEditPlusPipeline:0", dtype="float32")
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


def state(loaded: Loaded, name: str) -> dict[str, torch.Tensor]:
    return {key: held.clone() for key, held in modules(loaded.pipe)[name].state_dict().items()}


def test_a_folder_is_loaded_as_it_lies_there(checkpoint, run):
    loaded = open_pipeline(ModelRef(str(checkpoint), dtype="float32"), run)
    assert type(loaded.pipe).__name__ == "QwenImageEditPlusPipeline"
    wanted = load_file(checkpoint / WEIGHTS)
    held = state(loaded, "transformer")
    assert held.keys() == wanted.keys()
    assert all(torch.equal(held[name], wanted[name]) for name in wanted)
    assert loaded.bytes() == pytest.approx(4 * (481712 + 115104 + 203295), rel=0.01)
    assert not any(part.training for part in modules(loaded.pipe).values())


def test_the_same_seed_is_the_same_tiny_model(run):
    one, same = (state(open_pipeline(TINY, run, "image"), "transformer") for _ in range(2))
    other = state(
        open_pipeline(ModelRef(tiny.source_of(tiny.KINDS[0], 1), dtype="float32"), run), "transformer"
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["img_in.weight"], other["img_in.weight"])


def test_only_the_parts_asked_for_are_loaded(run):
    assert set(modules(open_pipeline(TINY, run, "text").pipe)) == {"text_encoder"}
    assert set(modules(open_pipeline(TINY, run, "image").pipe)) == {"transformer", "vae"}
    assert set(modules(open_pipeline(TINY, run).pipe)) == {"text_encoder", "transformer", "vae"}


def test_a_pipeline_stays_warm_and_patches_share_it(warm_run):
    one = open_pipeline(TINY, warm_run, "image")
    patched = TINY.patched(Patch("anything", "at all"))
    assert open_pipeline(patched, warm_run, "image") is one
    assert open_pipeline(ModelRef(TINY.source, dtype="bfloat16"), warm_run, "image") is not one


def test_warm_models_are_bounded_by_bytes(run):
    pool = WarmPool(budget=4_000_000)
    run.warm = pool.get
    for seed in range(3):
        open_pipeline(ModelRef(tiny.source_of(tiny.KINDS[0], seed), dtype="float32"), run)
    assert 0 < pool.bytes <= 4_000_000


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_weights_are_turned_into_the_type_asked_for(run, dtype):
    loaded = open_pipeline(ModelRef(TINY.source, dtype=dtype), run)
    kinds = {part.dtype for part in modules(loaded.pipe).values()}
    assert kinds == {getattr(torch, dtype)}


def test_float8_halves_the_denoiser(run):
    whole = open_pipeline(ModelRef(TINY.source), run, "image")
    small = open_pipeline(ModelRef(TINY.source, quantisation="float8"), run, "image")
    kinds = {weight.dtype for weight in small.pipe.transformer.parameters()}
    assert torch.float8_e4m3fn in kinds
    assert small.bytes() < 0.75 * whole.bytes()


@pytest.mark.parametrize("quantisation", ["bitsandbytes-4bit", "torchao-int8"])
def test_a_quantisation_without_its_package_is_told(run, quantisation):
    package = quantisation.partition("-")[0]
    pytest.importorskip("torch")
    with pytest.raises(ModelError, match=f"needs {package}, which is not installed") as told:
        open_pipeline(ModelRef(TINY.source, quantisation=quantisation), run)
    assert f"pip install {package}" in told.value.hint


def test_a_device_that_is_not_there_is_told(run):
    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    with pytest.raises(ModelError, match="no cuda device"):
        open_pipeline(ModelRef(TINY.source, device="cuda"), run)


def test_offload_on_the_processor_is_told_to_do_nothing(run):
    open_pipeline(ModelRef(TINY.source, offload="model"), run, "text")
    assert "does nothing" in run.warnings[0]


def test_weights_too_many_are_told_and_left_out(checkpoint, run):
    from safetensors.torch import save_file

    tensors = load_file(checkpoint / WEIGHTS)
    save_file({**tensors, "extra": torch.zeros(1)}, checkpoint / WEIGHTS, metadata={"format": "pt"})
    open_pipeline(ModelRef(str(checkpoint)), run, "image")
    assert "transformer: 1 weights" in run.warnings[0] and "extra" in run.warnings[0]


@pytest.mark.parametrize("harm", ["cut", "lost", "swapped"])
def test_a_damaged_checkpoint_is_refused_before_it_is_loaded(checkpoint, run, harm):
    file = checkpoint / WEIGHTS
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-1000])
    elif harm == "lost":
        file.unlink()
    else:
        file.write_bytes((checkpoint / "vae/diffusion_pytorch_model.safetensors").read_bytes())
    with pytest.raises(ModelError, match="transformer"):
        open_pipeline(ModelRef(str(checkpoint)), run)
    assert set(modules(open_pipeline(ModelRef(str(checkpoint)), run, "text").pipe)) == {"text_encoder"}


def test_a_damaged_tokenizer_is_told(checkpoint, run):
    (checkpoint / "tokenizer/tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="tokenizer") as told:
        open_pipeline(ModelRef(str(checkpoint)), run)
    assert told.value.hint


def test_a_class_of_pipeline_that_does_not_fit_is_told(checkpoint, run):
    with pytest.raises(ModelError, match="as a StableDiffusionXLPipeline it lacks"):
        open_pipeline(ModelRef(str(checkpoint), pipeline="StableDiffusionXLPipeline"), run)
    with pytest.raises(ModelError, match="has no pipeline Nonsense"):
        open_pipeline(ModelRef(str(checkpoint), pipeline="Nonsense"), run)
    with pytest.raises(ModelError, match="has no pipeline AutoencoderKL"):
        open_pipeline(ModelRef(str(checkpoint), pipeline="AutoencoderKL"), run)
    with pytest.raises(ModelError, match="single model, not a pipeline"):
        pipeline_name(ModelRef(str(checkpoint / "transformer")))


def test_code_that_comes_with_a_checkpoint_is_not_run(checkpoint, run, tmp_path):
    (checkpoint / "evil.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Evil: pass\n")
    listing = checkpoint / "model_index.json"
    held = json.loads(listing.read_text())
    held["transformer"] = ["evil", "Evil"]
    listing.write_text(json.dumps(held))
    with pytest.raises(ModelError, match="code of its own"):
        open_pipeline(ModelRef(str(checkpoint)), run)
    held["transformer"] = ["diffusers", "QwenImageTransformer2DModel"]
    held["_class_name"] = ["evil", "Evil"]
    listing.write_text(json.dumps(held))
    with pytest.raises(ModelError, match="code of its own"):
        open_pipeline(ModelRef(str(checkpoint)), run)
    assert not (tmp_path / "sprung").exists()


def test_a_model_that_is_not_here_names_the_command(run, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError) as told:
        open_pipeline(ModelRef("Qwen/Qwen-Image-Edit-2511"), run)
    assert told.value.hint == "fetch it with: meshloom models pull Qwen/Qwen-Image-Edit-2511"


# ------------------------------------------------------------------------------------------ while it runs


class Hungry:
    """A patch that asks the allocator for more than any machine has, as often as told; applied and taken off."""

    def __init__(self, times: int) -> None:
        self.times, self.entered, self.left = times, 0, 0

    def __call__(self, pipe, patch):
        import contextlib

        @contextlib.contextmanager
        def held():
            self.entered += 1
            try:
                if self.entered <= self.times:
                    torch.empty(1 << 50)
                yield
            finally:
                self.left += 1

        return held()


@pytest.fixture
def hungry(monkeypatch):
    def make(times: int) -> Hungry:
        made = Hungry(times)
        monkeypatch.setitem(patches._KINDS, "hungry", made)
        return made

    return make


def test_out_of_memory_is_tried_again_with_room(hungry, warm_run, monkeypatch):
    made, rooms = hungry(1), []
    monkeypatch.setattr(warm_run, "make_room", lambda: rooms.append(1))
    assert (
        with_pipeline(TINY.patched(Patch("hungry", "")), warm_run, "image", lambda loaded: "done") == "done"
    )
    assert (made.entered, made.left, len(rooms)) == (2, 2, 1)
    assert "out of memory" in warm_run.warnings[0] and "trying once more" in warm_run.warnings[0]


def test_out_of_memory_twice_is_told(hungry, warm_run):
    made = hungry(2)
    with pytest.raises(ModelError, match="out of memory, also after") as told:
        with_pipeline(TINY.patched(Patch("hungry", "")), warm_run, "image", lambda loaded: "done")
    assert "smaller picture" in told.value.hint
    assert made.left == 2
    assert with_pipeline(TINY, warm_run, "image", lambda loaded: "done") == "done"


def test_weights_larger_than_what_is_free_get_room_first(warm_run, monkeypatch):
    """Memory that other warm models take is no reason to refuse."""
    from meshloom.graph_runtime.models import estimate

    free = [1000, 1 << 40]
    monkeypatch.setattr(estimate, "memory_free", lambda device: free[0])
    monkeypatch.setattr(warm_run, "warm", lambda kind, name, build, size: build())
    monkeypatch.setattr(warm_run, "make_room", lambda: free.pop(0))
    assert with_pipeline(TINY, warm_run, "image", lambda loaded: "done") == "done"
    assert "the weights take" in warm_run.warnings[0]
    free[:] = [1000]
    monkeypatch.setattr(warm_run, "make_room", lambda: None)
    with pytest.raises(ModelError, match=r"the weights take 0\.0 GB and this machine"):
        with_pipeline(TINY, warm_run, "image", lambda loaded: "done")


def test_only_memory_errors_are_tried_again():
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory."))
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))
    assert not is_out_of_memory(Cancelled())


def test_patches_are_taken_off_whatever_happens(warm_run, monkeypatch):
    told: list[str] = []

    def apply(pipe, patch):
        import contextlib

        @contextlib.contextmanager
        def held():
            told.append(f"+{patch.name}")
            try:
                yield
            finally:
                told.append(f"-{patch.name}")

        return held()

    for kind in ("one", "two"):
        monkeypatch.setitem(patches._KINDS, kind, apply)
    ref = TINY.patched(Patch("one", "a")).patched(Patch("two", "b"))

    def fail(loaded):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        with_pipeline(ref, warm_run, "image", fail)
    assert told == ["+a", "+b", "-b", "-a"]
    assert not any(part._forward_pre_hooks for whole in modules(open_pipeline(TINY, warm_run, "image").pipe).values()
                   for part in whole.modules())  # fmt: skip


def test_a_patch_that_nobody_applies_is_told(warm_run):
    with pytest.raises(ModelError, match="a patch of kind 'unheard'"):
        with_pipeline(TINY.patched(Patch("unheard", "")), warm_run, "image", lambda loaded: None)


def test_one_pipeline_runs_at_a_time_and_waiting_can_be_cancelled(warm_run, monkeypatch):
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with EXECUTION:
            ready.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    ready.wait(10)

    def check() -> None:
        raise Cancelled

    monkeypatch.setattr(warm_run, "check", check, raising=False)
    try:
        with pytest.raises(Cancelled):
            with_pipeline(TINY, warm_run, "image", lambda loaded: None)
    finally:
        done.set()
        thread.join()


# -------------------------------------------------------------------------------------------- adaptations


def lora_file(path, rank=2, width=64, name="transformer.transformer_blocks.0.attn.to_q"):
    from safetensors.torch import save_file

    made = torch.Generator().manual_seed(3)
    tensors = {
        f"{name}.lora_A.weight": torch.randn(rank, width, generator=made),
        f"{name}.lora_B.weight": torch.randn(width, rank, generator=made),
    }
    save_file(tensors, path, metadata={"format": "pt"})
    return path


def query(loaded):
    """What the adapted layer makes of a fixed input."""
    layer = loaded.pipe.transformer.transformer_blocks[0].attn.to_q
    return layer(torch.linspace(-1, 1, 64)[None]).detach().clone()


def test_adaptations_are_laid_on_in_their_strength_and_taken_off(run, tmp_path):
    pool = WarmPool()
    run.warm = pool.get
    file = lora_file(tmp_path / "style.safetensors")
    tensors = load_file(file)
    up, down = (tensors[f"transformer.transformer_blocks.0.attn.to_q.lora_{side}.weight"] for side in "BA")
    base = with_pipeline(TINY, run, "image", query)
    change = torch.linspace(-1, 1, 64)[None] @ (up @ down).T
    for strength in (1.0, 0.25, -0.5):
        ref = TINY.with_lora(Lora(str(file), "ab" * 20, strength))
        assert torch.allclose(with_pipeline(ref, run, "image", query), base + strength * change, atol=1e-4)
    twice = TINY.with_lora(Lora(str(file), "ab" * 20, 0.5)).with_lora(Lora(str(file), "ab" * 20, 0.5))
    assert torch.allclose(with_pipeline(twice, run, "image", query), base + change, atol=1e-4)
    assert torch.equal(with_pipeline(TINY, run, "image", query), base)
    assert open_pipeline(TINY, run, "image").adapters == {"l" + "ab" * 10}


@pytest.mark.parametrize("harm", ["shape", "name", "cut", "gone"])
def test_an_adaptation_of_another_model_is_told(run, tmp_path, harm):
    run.warm = WarmPool().get
    file = tmp_path / "style.safetensors"
    if harm == "shape":
        lora_file(file, width=48)
    elif harm == "name":
        lora_file(file, name="unet.down_blocks.0.attentions.0.to_q")
    elif harm == "cut":
        file.write_bytes(lora_file(tmp_path / "whole.safetensors").read_bytes()[:-10])
    base = with_pipeline(TINY, run, "image", query)
    with pytest.raises(ModelError, match=r"style\.safetensors"):
        with_pipeline(TINY.with_lora(Lora(str(file), "cd" * 20)), run, "image", query)
    assert torch.equal(with_pipeline(TINY, run, "image", query), base)
