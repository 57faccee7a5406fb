"""Models worth knowing of before any is on this machine.

Sizes are those of the files a pull brings, rounded; what the Hub says when it is asked goes before.
"""

from __future__ import annotations

from dataclasses import dataclass

from meshloom.graph_runtime.models.licences import Licence, licence_of


@dataclass(frozen=True)
class Known:
    """``bytes``: about what is to be fetched. ``gated``: its owner asks for an account that agreed to terms."""

    source: str
    pipeline: str
    bytes: int
    licence_name: str
    purpose: str
    gated: bool = False

    @property
    def licence(self) -> Licence:
        return licence_of({"license": self.licence_name}, self.gated)


KNOWN = (
    Known(
        "Qwen/Qwen-Image-Edit-2511",
        "QwenImageEditPlusPipeline",
        57_700_000_000,
        "apache-2.0",
        "Edits pictures as a prompt says, and brings several into one.",
    ),
    Known(
        "Qwen/Qwen-Image-Edit-2509",
        "QwenImageEditPlusPipeline",
        57_700_000_000,
        "apache-2.0",
        "Edits pictures as a prompt says, and brings several into one; an earlier version.",
    ),
    Known(
        "Qwen/Qwen-Image-Edit",
        "QwenImageEditPipeline",
        57_700_000_000,
        "apache-2.0",
        "Edits one picture as a prompt says.",
    ),
    Known(
        "Qwen/Qwen-Image",
        "QwenImagePipeline",
        57_700_000_000,
        "apache-2.0",
        "Makes pictures of a prompt, also with writing in them.",
    ),
    Known(
        "black-forest-labs/FLUX.1-Kontext-dev",
        "FluxKontextPipeline",
        33_700_000_000,
        "flux-1-dev-non-commercial-license",
        "Edits one picture as a prompt says.",
        gated=True,
    ),
    Known(
        "black-forest-labs/FLUX.1-schnell",
        "FluxPipeline",
        33_700_000_000,
        "apache-2.0",
        "Makes pictures of a prompt in four steps.",
    ),
    Known(
        "stabilityai/stable-diffusion-xl-base-1.0",
        "StableDiffusionXLPipeline",
        13_900_000_000,
        "openrail++",
        "Makes pictures of a prompt; smaller, with many adaptations (LoRA).",
    ),
)


def known(source: str) -> Known | None:
    """What is known of a model on the Hub."""
    return next((each for each in KNOWN if each.source == source), None)
