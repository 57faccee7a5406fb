"""A model by reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from meshloom.graph_runtime.models.estimate import estimate
from meshloom.graph_runtime.models.fingerprint import fingerprint
from meshloom.graph_runtime.models.licences import check_consent
from meshloom.graph_runtime.models.places import find
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.spec import ModelName, OpenFolder, Run, node
from meshloom.graph_runtime.types import Table


class LoadedModel(NamedTuple):
    """model: what to feed to the nodes that use it
    table: parts, parameters and memory as it will be loaded
    """

    model: ModelRef
    table: Table


@node(
    "Load a model",
    aliases=("checkpoint", "diffusers", "hugging face", "qwen image edit", "flux", "weights", "unet"),
    cacheable=False,
)
def load(
    source: Annotated[str, ModelName()] = "Qwen/Qwen-Image-Edit-2511",
    folder: Annotated[Path | None, OpenFolder(("model_index.json",))] = None,
    revision: str = "",
    pipeline: str = "",
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16",
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    offload: Literal["none", "model", "sequential"] = "none",
    quantisation: Literal[
        "none", "float8", "bitsandbytes-8bit", "bitsandbytes-4bit", "torchao-int8"
    ] = "none",
    *,
    run: Run,
) -> LoadedModel:
    """Name a diffusion model on this machine, and say how it is to be loaded.

    What travels on is a reference; weights are loaded by the node that needs them and stay warm. Looks at the
    files each time, which takes milliseconds, so that results follow the weights and not their name. Models
    are fetched with ``meshloom models pull``.

    source: a name on the Hugging Face Hub (owner/name), or of a folder in $MESHLOOM_MODELS.
    folder: a checkpoint in diffusers' layout; goes before the name.
    revision: commit, tag or branch on the Hub; empty = the main one.
    pipeline: class of diffusers to load it as; empty = the one it says.
    dtype: the type to calculate in. float16 is too narrow for many models.
    device: where to calculate; auto = the accelerator if there is one.
    offload: keep weights in the computer's memory: model = one part at a time on the accelerator, sequential =
      one layer at a time (slow, needs least).
    quantisation: smaller weights, slightly other pictures; float8 needs no further package.
    """
    found = find(str(folder) if folder is not None else source, revision)
    check_consent(found)
    run.progress(0, 1, "looking at the files")
    content = found.commit or fingerprint(found.folder, run)
    ref = ModelRef(found.source, revision, content, pipeline, dtype, device, offload, quantisation)
    return LoadedModel(ref, _table(found.folder, ref))


def _table(folder: Path, ref: ModelRef) -> Table:
    guess = estimate(folder, ref)
    rows: list[tuple[str, int | None, float]] = [
        (name, count, round(size / 1e9, 3)) for name, count, size in guess.parts
    ]
    rows.append(("at once on the device", None, round(guess.device / 1e9, 3)))
    rows.append(("at once in memory beside it", None, round(guess.host / 1e9, 3)))
    rows.append(("on disk", None, round(guess.disk / 1e9, 3)))
    return Table(("part", "parameters", "GB"), tuple(rows))
