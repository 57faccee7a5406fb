"""The files of a checkpoint: which components it has, where their weights lie, and what is not there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.headers import Tensor, read_header

#: Endings of files that hold pickled weights.
PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_LIBRARIES = ("diffusers", "transformers")


@dataclass(frozen=True)
class Component:
    """A part of a pipeline. ``shards``: its safetensors files; ``pickles``: what it has instead of them.

    ``absent``: files that should be there. Parts without weights (schedulers, tokenizers) have none of these.
    """

    name: str
    library: str
    class_name: str
    folder: Path
    shards: tuple[Path, ...] = ()
    pickles: tuple[Path, ...] = ()
    absent: tuple[str, ...] = ()
    is_model: bool = False

    def tensors(self) -> dict[str, Tensor]:
        """All its tensors, from the headers. Raises :class:`ModelError` where a file is damaged or absent."""
        held: dict[str, Tensor] = {}
        for shard in self.shards:
            held.update(read_header(shard))
        return held

    @property
    def bytes(self) -> int:
        return sum(path.stat().st_size for path in (*self.shards, *self.pickles))


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a pipeline, or a single model (one component without a name)."""

    folder: Path
    pipeline: str
    components: tuple[Component, ...]
    #: Components that the index names and code from elsewhere would have to be run for.
    foreign: tuple[str, ...] = field(default=())

    @property
    def models(self) -> tuple[Component, ...]:
        """The components that have weights."""
        return tuple(part for part in self.components if part.is_model)

    @property
    def absent(self) -> tuple[str, ...]:
        """Files that should be there, relative to the folder."""
        return tuple(name for part in self.components for name in part.absent)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Look through a checkpoint's folder; of weights, only names and sizes.

    Raises :class:`ModelError` if the folder holds none, or its index is damaged.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder; expected a checkpoint in the layout of diffusers")
    if (folder / "model_index.json").exists():
        return _pipeline(folder)
    if (folder / "config.json").exists():
        config = read_json(folder / "config.json")
        library = "diffusers" if "_class_name" in config else "transformers"
        names = config.get("architectures") or [""]
        part = _model("", library, str(config.get("_class_name") or names[0]), folder, folder)
        return Checkpoint(folder, "", (part,))
    found = sorted(path.name for path in folder.iterdir())[:5]
    raise ModelError(
        f"{folder} is no checkpoint: it has neither model_index.json nor config.json",
        f"it holds {', '.join(found) or 'nothing'}; give the folder in which model_index.json lies",
    )


def _pipeline(folder: Path) -> Checkpoint:
    index = read_json(folder / "model_index.json")
    parts: list[Component] = []
    foreign: list[str] = []
    for name, said in sorted(index.items()):
        if name.startswith("_") or not isinstance(said, list) or len(said) != 2 or said[0] is None:
            continue
        library, class_name = map(str, said)
        if library not in _LIBRARIES:
            foreign.append(name)
        here = folder / name
        if not here.is_dir():
            parts.append(Component(name, library, class_name, here, absent=(f"{name}/",)))
        elif (here / "config.json").exists() or _weights(here):
            parts.append(_model(name, library, class_name, here, folder))
        else:
            empty = not any(here.iterdir())
            parts.append(Component(name, library, class_name, here, absent=(f"{name}/",) if empty else ()))
    named = index.get("_class_name")
    if isinstance(named, list):  # a pipeline whose code lies beside it
        foreign.append(str(named[0]))
        named = named[-1]
    return Checkpoint(folder, str(named or ""), tuple(parts), tuple(foreign))


def _model(name: str, library: str, class_name: str, here: Path, folder: Path) -> Component:
    absent = [] if (here / "config.json").exists() else [_below(here / "config.json", folder)]
    shards: list[Path] = []
    pickles: list[Path] = []
    # Names with a variant (model.fp16.safetensors) are other copies of the same weights.
    for path in _weights(here):
        plain = path.name.count(".") == 1
        if path.suffix == ".safetensors" and plain:
            shards.append(path)
        elif path.suffix in PICKLES and plain and path.stem != "training_args":
            pickles.append(path)
    indexes = [path for path in sorted(here.glob("*.safetensors.index.json")) if path.name.count(".") == 3]
    if indexes:
        wanted = sorted(set(read_json(indexes[0]).get("weight_map", {}).values()))
        inside = [file for file in wanted if Path(file).name == file]
        shards = [here / file for file in inside if (here / file).exists()]
        absent += [_below(here / file, folder) for file in inside if not (here / file).exists()]
    elif not shards and not pickles:
        stem = "diffusion_pytorch_model" if library == "diffusers" else "model"
        absent.append(_below(here / f"{stem}.safetensors", folder))
    return Component(
        name,
        library,
        class_name,
        here,
        tuple(shards),
        () if shards else tuple(pickles),
        tuple(absent),
        is_model=True,
    )


def _weights(here: Path) -> list[Path]:
    return sorted(path for path in here.iterdir() if path.suffix in (".safetensors", *PICKLES))


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of a checkpoint. Raises :class:`ModelError`."""
    try:
        held = json.loads(path.read_bytes())
        if not isinstance(held, dict):
            raise ValueError("expected an object")
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}", "fetch the model again") from None
    return held
