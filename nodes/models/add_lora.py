"""An adaptation on top of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from blake3 import blake3

from meshloom.graph_runtime.models.headers import read_header
from meshloom.graph_runtime.models.values import Lora, ModelRef
from meshloom.graph_runtime.spec import NodeError, OpenFile, Run, Slider, node


@node("Add LoRA", aliases=("adapter", "low-rank adaptation", "style", "lightning", "peft"))
def add_lora(
    model: ModelRef,
    file: Annotated[Path | None, OpenFile(("*.safetensors",))] = None,
    strength: Annotated[float, Slider(-2.0, 2.0)] = 1.0,
    *,
    run: Run,
) -> ModelRef:
    """Lay a low-rank adaptation (LoRA) over a model; several of these nodes make a list.

    The model's own weights stay as they are; changing the strength loads nothing anew. LoRA: Hu et al. 2021.

    model: the model to adapt.
    file: the adaptation, as safetensors; without one the model goes through unchanged.
    strength: how much of it; 0 leaves the model as it is.
    """
    if file is None or strength == 0.0:
        return model
    names = read_header(file)
    if not any("lora" in name.lower() or "lokr" in name.lower() for name in names):
        raise NodeError(
            f"{file.name} holds {len(names)} tensors and no adaptation",
            hint="expected a LoRA file; a whole model is loaded with models.load",
        )
    hasher = blake3()
    size = file.stat().st_size
    with file.open("rb") as content:
        while block := content.read(16 << 20):
            hasher.update(block)
            run.progress(content.tell(), size, f"reading {file.name}")
    return model.with_lora(Lora(str(file.resolve()), hasher.digest(length=20).hex(), strength))
