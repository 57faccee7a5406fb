"""Pickled weights to safetensors. A pickle can hold any program; one with anything but tensors is refused."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import PICKLES, read_json

#: Told which file is under way, and of how many.
Progress = Callable[[int, int, str], None]


def pickles_in(path: Path) -> list[Path]:
    """The pickled weights at ``path``: a file, or all in a folder and its folders."""
    if path.is_dir():
        return sorted(
            found for found in path.rglob("*") if found.suffix in PICKLES and found.stem != "training_args"
        )
    return [path]


def convert(path: Path, progress: Progress = lambda done, total, name: None) -> list[Path]:
    """Write a safetensors file beside each pickled one and return those written; the pickles stay.

    Raises :class:`ModelError` for what is no pickle of tensors, before anything in it could run.
    """
    files = pickles_in(path)
    if not files:
        raise ModelError(f"{path} holds no pickled weights", f"they end in {', '.join(PICKLES)}")
    written: list[Path] = []
    for index, file in enumerate(files):
        progress(index, len(files), file.name)
        target = file.with_name(_safe_name(file.name))
        if not target.exists():
            _write(load_pickle(file), target)
            written.append(target)
    for listing in path.rglob("*.bin.index.json") if path.is_dir() else ():
        _convert_listing(listing)
    progress(len(files), len(files), "")
    return written


def _safe_name(name: str) -> str:
    """``pytorch_model.bin`` -> ``model.safetensors``, as transformers names them; diffusers keeps the stem."""
    stem = name.rpartition(".")[0]
    return re.sub(r"^pytorch_model", "model", stem) + ".safetensors"


def load_pickle(path: Path) -> dict[str, Any]:
    """The tensors in a pickled file, by name, on the CPU. Raises :class:`ModelError`."""
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except FileNotFoundError:
        raise ModelError(f"{path} is not there") from None
    except Exception as error:  # torch raises many kinds for files that are not its own
        raise _refusal(path, error) from None
    for key in ("state_dict", "model", "module", "params_ema", "params"):
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
            break
    tensors = {}
    if isinstance(held, Mapping):
        tensors = {str(name): tensor for name, tensor in held.items() if isinstance(tensor, torch.Tensor)}
    if not tensors:
        raise ModelError(f"{path.name} holds no tensors by name", "expected the weights of a model")
    return tensors


def _refusal(path: Path, error: Exception) -> ModelError:
    said = str(error)
    # Both ways torch's restricted loader says that a pickle asks for more than tensors.
    match = re.search(r"(?:GLOBAL|global|class) ([\w.]+)", said)
    if "Unsupported" in said or ("weights_only" in said.lower() and match):
        what = match[1] if match else "something other than tensors"
        return ModelError(
            f"{path.name} is refused: it asks to run code ({what}), and weights need none",
            "get the model as safetensors from its owner; do not load this file with other programs either",
        )
    return ModelError(
        f"{path.name} is no sound file of pickled weights: {said.splitlines()[0][:200] if said else error}"
    )


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:
        return False


def _write(tensors: Mapping[str, Any], target: Path) -> None:
    """Aside, then in place. Tensors that share memory are written apart: the format knows no sharing."""
    import torch
    from safetensors.torch import save_file

    seen: set[int] = set()
    apart: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        shared = place in seen or tensor.untyped_storage().nbytes() != tensor.numel() * tensor.element_size()
        seen.add(place)
        apart[name] = tensor.clone().contiguous() if shared else tensor.contiguous()
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        save_file(apart, str(aside), metadata={"format": "pt"})
        aside.replace(target)
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror or error}") from None
    finally:
        aside.unlink(missing_ok=True)


def _convert_listing(listing: Path) -> None:
    """The index of shards, under the new names."""
    held = read_json(listing)
    held["weight_map"] = {name: _safe_name(file) for name, file in held.get("weight_map", {}).items()}
    name = listing.name.removesuffix(".bin.index.json") + ".bin"
    target = listing.with_name(f"{_safe_name(name)}.index.json")
    target.write_text(json.dumps(held, indent=2) + "\n", encoding="utf-8")
