"""What the model layer costs: a node beside the bare pipeline it runs, a dry run of 28.7 billion weights."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from meshloom.graph_runtime.models import tiny
from meshloom.graph_runtime.models.checkpoint import read_checkpoint
from meshloom.graph_runtime.models.inspect import class_of, inspect
from meshloom.graph_runtime.models.loading import libraries, open_pipeline
from meshloom.graph_runtime.models.sampling import Job, encode_prompt, make_picture, pillow
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.types import Image

#: Qwen-Image-Edit as it is published: the transformer's and the text encoder's own settings.
TRANSFORMER = {
    "num_layers": 60, "attention_head_dim": 128, "num_attention_heads": 24, "joint_attention_dim": 3584,
    "in_channels": 64, "out_channels": 16, "axes_dims_rope": [16, 56, 56],
}  # fmt: skip
ENCODER = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", "hidden_size": 3584,
    "intermediate_size": 18944, "max_position_embeddings": 128000, "num_attention_heads": 28,
    "num_hidden_layers": 28, "num_key_value_heads": 4, "rope_theta": 1000000.0, "vocab_size": 152064,
    "tie_word_embeddings": False, "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    "vision_config": {
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
        "patch_size": 14, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
    },
}  # fmt: skip


def bench_node_beside_the_bare_pipeline(warm_run: Any, monkeypatch: Any) -> None:
    """Checks, lock, hooks for cancel, previews and steps told: what they add to the pipeline's own call."""
    import torch
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as module

    libraries()
    image = Image(np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8))
    model = ModelRef(tiny.source_of(tiny.KINDS[0], 0), dtype="float32")
    prompt = encode_prompt(model, "make it blue", " ", [image], warm_run)
    job = Job("edit", prompt, (image,), steps=8, width=256, height=256, reference_side=256)
    monkeypatch.setattr(module, "VAE_IMAGE_SIZE", 256 * 256)
    pipe = open_pipeline(model, warm_run, "image").pipe
    tensors = {
        name: torch.from_numpy(array.copy()) for name, array in zip(prompt.names, prompt.arrays, strict=True)
    }

    def bare() -> Any:
        generator = torch.Generator().manual_seed(0)
        options = {"num_inference_steps": 8, "width": 256, "height": 256, "output_type": "np"}
        return pipe([pillow(image)], generator=generator, true_cfg_scale=4.0, **options, **tensors).images[0]

    def node() -> Any:
        return make_picture(model, job, warm_run).pixels

    assert np.array_equal(bare(), node())
    one, other = paired(bare, node, 5)
    print(f"\nbare pipeline {one:.2f} s CPU, node {other:.2f} s CPU, ratio {other / one:.3f}")


def bench_dry_run_of_qwen_image_edit(tmp_path: Path) -> None:
    """Names and shapes of every weight of 54 GB, beside building the classes without weights."""
    import torch

    libraries()
    folder = write_sparse(tmp_path / "model")
    parts = read_checkpoint(folder).models

    def build() -> Any:
        made = []
        for part in parts:
            cls = class_of(part)
            with torch.device("meta"):
                if part.library == "diffusers":
                    made.append(cls.from_config(json.loads((part.folder / "config.json").read_text())))
                else:
                    made.append(cls(cls.config_class.from_pretrained(str(part.folder))))
        return made

    assert all(part.loads for part in inspect(folder))
    count = sum(part.parameters for part in inspect(folder))
    one, other = paired(build, lambda: inspect(folder), 3)
    print(f"\n{count / 1e9:.1f} G weights: classes alone {one:.2f} s CPU, dry run {other:.2f} s CPU")


def write_sparse(folder: Path) -> Path:
    """The published model's files with all their names and shapes, and holes where the weights would be."""
    import torch

    tiny.write(folder)
    for name, settings in (("transformer", TRANSFORMER), ("text_encoder", ENCODER)):
        config = folder / name / "config.json"
        held = json.loads(config.read_text()) if name == "transformer" else {}
        config.write_text(json.dumps({**held, **settings}))
        (file,) = (folder / name).glob("*.safetensors")
        part = next(part for part in read_checkpoint(folder).models if part.name == name)
        cls = class_of(part)
        with torch.device("meta"):
            if name == "transformer":
                shapes = cls.from_config(json.loads(config.read_text())).state_dict()
            else:
                shapes = cls(cls.config_class.from_pretrained(str(config.parent))).state_dict()
        header, end = {}, 0
        for key, tensor in shapes.items():
            older = key.replace("model.language_model.", "model.").replace("model.visual.", "visual.")
            size = 2 * tensor.numel()
            header[older] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [end, end + size]}
            end += size
        text = json.dumps(header).encode()
        with file.open("wb") as out:
            out.write(len(text).to_bytes(8, "little") + text)
            out.truncate(8 + len(text) + end)
    return folder


def paired(one: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Medians of CPU seconds, the two taken in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for index in range(2 * rounds):
        which = (index + index // 2) % 2
        begun = time.process_time()
        (one, other)[which]()
        times[which].append(time.process_time() - begun)
    return statistics.median(times[0]), statistics.median(times[1])
