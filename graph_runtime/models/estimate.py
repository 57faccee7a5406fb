"""How much memory and disk a model takes, told before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import Checkpoint, Component, read_checkpoint
from meshloom.graph_runtime.models.values import ModelRef

_DTYPE_BYTES = {"bfloat16": 2.0, "float16": 2.0, "float32": 4.0}
#: Bytes a weight once quantised, with its scales.
_QUANTISED = {"float8": 1.0, "bitsandbytes-8bit": 1.03, "bitsandbytes-4bit": 0.56, "torchao-int8": 1.03}
#: Components that quantisation touches: those made of large linear layers.
QUANTISED_PARTS = ("transformer", "transformer_2", "unet", "text_encoder", "text_encoder_2", "text_encoder_3")


@dataclass(frozen=True)
class Estimate:
    """Bytes of weights. ``parts``: (component, parameters, bytes as loaded). ``disk``: of the files.

    ``device``: the most that lies on the device at once, ``host``: in the computer's memory. Activations come on
    top, and grow with the size of the picture.
    """

    parts: tuple[tuple[str, int, int], ...]
    disk: int
    device: int
    host: int


class TooLarge(ModelError):
    """Weights that do not fit into what is free at this moment."""


def estimate(folder: Path, ref: ModelRef, only: tuple[str, ...] | None = None) -> Estimate:
    """What loading ``folder`` (or the components named ``only``) as ``ref`` says would take.

    From headers alone. Raises :class:`ModelError`.
    """
    checkpoint = read_checkpoint(folder)
    wanted = [part for part in checkpoint.models if only is None or part.name in only]
    parts = tuple((part.name, *_loaded(part, ref)) for part in wanted)
    sizes = [size for _, _, size in parts]
    total = sum(sizes)
    device, host = total, 0
    if ref.offload == "model":
        device, host = max(sizes, default=0), total
    elif ref.offload == "sequential":
        # One layer at a time; a twentieth is more than the largest layer of any of these models.
        device, host = max(sizes, default=0) // 20, total
    return Estimate(parts, disk_bytes(checkpoint), device, host)


def _loaded(part: Component, ref: ModelRef) -> tuple[int, int]:
    count = sum(tensor.count for tensor in part.tensors().values())
    if not part.shards:  # pickled: no header tells
        count = part.bytes // 2
    each = _DTYPE_BYTES[ref.dtype]
    # float8 is diffusers' own, and so for its models alone.
    touched = part.name in QUANTISED_PARTS and (ref.quantisation != "float8" or part.library == "diffusers")
    if ref.quantisation != "none" and touched:
        each = _QUANTISED[ref.quantisation]
    return count, int(count * each)


def disk_bytes(checkpoint: Checkpoint) -> int:
    """Of all files in its folder."""
    return sum(path.stat().st_size for path in checkpoint.folder.rglob("*") if path.is_file())


def memory_free(device: str) -> int:
    """Bytes free where ``device`` keeps its weights. CUDA is asked only where torch finds it."""
    if device.startswith("cuda"):
        import torch

        if torch.cuda.is_available():
            return int(torch.cuda.mem_get_info()[0])
    import psutil

    return int(psutil.virtual_memory().available)


def check_fits(guess: Estimate, device: str) -> None:
    """Raise :class:`TooLarge` if the weights alone do not fit, with what would make them."""
    free = memory_free(device)
    where = "the graphics card" if device.startswith("cuda") else "this machine"
    if guess.device > free:
        raise TooLarge(
            f"the weights take {guess.device / 1e9:.1f} GB and {where} has {free / 1e9:.1f} GB free",
            "choose a quantisation"
            + (", or offload model or sequential" if device.startswith("cuda") else ", or a smaller model"),
        )
    if guess.host and guess.host > (room := memory_free("cpu")):
        raise TooLarge(
            f"offloading keeps {guess.host / 1e9:.1f} GB in memory and {room / 1e9:.1f} GB are free",
            "choose a quantisation, or no offloading",
        )
