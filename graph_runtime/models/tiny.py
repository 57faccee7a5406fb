"""Tiny random checkpoints: the real classes of diffusers and transformers, weights of noise, a megabyte or two.

They show that the plumbing works, on any machine and in seconds. What they make is noise, and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.models.processor import QwenProcessor

#: What a source of a tiny checkpoint looks like: ``tiny:QwenImageEditPlusPipeline:7``, the number is the seed.
_SOURCE = re.compile(r"tiny:(\w+):(\d+)")

#: Raised when other weights come of the same seed.
RECIPE = 1

#: The pipelines there are tiny checkpoints of.
KINDS = ("QwenImageEditPlusPipeline", "QwenImageEditPipeline", "QwenImagePipeline")

#: Said of every picture that comes out of one.
WARNING = "these are random weights: the picture is noise, and only shows that the plumbing works"

_CARD = """\
---
license: apache-2.0
pipeline_tag: image-to-image
tags:
- random-weights
---
# A tiny random {kind}

The classes are real, the weights are noise (seed {seed}) and so are the pictures: this is for trying and testing
the plumbing around a model, not for making pictures. Made by Meshloom.
"""

_SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
#: Features of a token.
_WIDTH = 32


def source_of(kind: str, seed: int) -> str:
    """The source to give a :class:`~meshloom.graph_runtime.models.ref.ModelRef`."""
    return f"tiny:{kind}:{seed}"


def parse(source: str) -> tuple[str, int] | None:
    """(pipeline class, seed) of the source of a tiny checkpoint, ``None`` for any other."""
    match = _SOURCE.fullmatch(source)
    return (match[1], int(match[2])) if match and match[1] in KINDS else None


def write(folder: Path, kind: str = KINDS[0], seed: int = 0, dtype: str = "float32") -> None:
    """Write a checkpoint into ``folder``, with the very files that one from the Hub has.

    Equal ``kind`` and ``seed`` give equal weights. Raises ``ValueError`` for a kind not in :data:`KINDS`.
    """
    import diffusers
    import torch
    from transformers import Qwen2VLImageProcessorPil

    if kind not in KINDS:
        raise ValueError(f"no tiny {kind}; there are {', '.join(KINDS)}")
    parts = _parts(kind)
    generator = torch.Generator().manual_seed(seed)
    for name in ("transformer", "vae", "text_encoder"):
        _randomise(parts[name], generator)
        parts[name].to(getattr(torch, dtype)).eval()
    pipe = getattr(diffusers, kind)(**parts)
    pipe.save_pretrained(str(folder), safe_serialization=True)
    if "processor" in parts:
        QwenProcessor(Qwen2VLImageProcessorPil(), parts["tokenizer"]).save(folder / "processor")
        index = json.loads((folder / "model_index.json").read_text())
        index["processor"] = ["transformers", "Qwen2VLProcessor"]
        (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    (folder / "README.md").write_text(_CARD.format(kind=kind, seed=seed), encoding="utf-8")


def _randomise(module: Any, generator: Any) -> None:
    """Weights by an own generator, as the usual initialisation draws from the one that all threads share."""
    import torch

    with torch.no_grad():
        for name, weight in sorted(module.named_parameters()):
            if weight.ndim >= 2 and "gamma" not in name and "scale_shift_table" not in name:
                fan_in = weight[0].numel()
                weight.copy_(torch.randn(weight.shape, generator=generator) * fan_in**-0.5)
            elif name.endswith("bias"):
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.1)
            else:
                weight.fill_(1.0)


def _parts(kind: str) -> dict[str, Any]:
    import diffusers

    library: Any = diffusers
    latents = 4
    tokenizer = _tokenizer()
    parts: dict[str, Any] = {
        "transformer": library.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=4 * latents,
            out_channels=latents,
            num_layers=3,
            attention_head_dim=32,
            num_attention_heads=2,
            joint_attention_dim=_WIDTH,
            guidance_embeds=False,
            axes_dims_rope=(8, 12, 12),
        ),
        "vae": library.AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=latents,
            dim_mult=[1, 2, 2, 2],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * latents,
            latents_std=[1.0] * latents,
        ),
        "scheduler": library.FlowMatchEulerDiscreteScheduler(
            base_shift=0.5,
            max_shift=0.9,
            max_image_seq_len=8192,
            shift_terminal=0.02,
            use_dynamic_shifting=True,
        ),
        "text_encoder": _text_encoder(tokenizer),
        "tokenizer": tokenizer,
    }
    if kind != "QwenImagePipeline":
        parts["processor"] = None  # written apart: see processor.py
    return parts


def _text_encoder(tokenizer: Any) -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    token: Callable[[str], int] = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": _WIDTH,
            "intermediate_size": 2 * _WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 32768,
            "rope_scaling": {"mrope_section": [2, 3, 3], "rope_type": "default", "type": "default"},
            "rope_theta": 1000000.0,
            "bos_token_id": token("<|endoftext|>"),
            "eos_token_id": token("<|im_end|>"),
        },
        vision_config={
            "depth": 2,
            "hidden_size": _WIDTH,
            "intermediate_size": 2 * _WIDTH,
            "num_heads": 2,
            "out_hidden_size": _WIDTH,
            "fullatt_block_indexes": [1],
        },
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def _tokenizer() -> Any:
    """Bytes as tokens, so that any prompt can be said without a vocabulary."""
    from transformers import Qwen2Tokenizer

    letters = _byte_letters()
    vocabulary = {letter: index for index, letter in enumerate(letters)}
    vocabulary.update({word: len(letters) + index for index, word in enumerate(_SPECIAL)})
    made = Qwen2Tokenizer(vocab=vocabulary, merges=[], chat_template=_CHAT, model_max_length=8192)
    made.add_special_tokens({"additional_special_tokens": list(_SPECIAL[1:])})
    return made


def _byte_letters() -> list[str]:
    """The 256 letters by which byte-level tokenizers write bytes."""
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())
