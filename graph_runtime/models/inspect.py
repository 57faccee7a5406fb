"""A dry run of loading: which weights a model wants, which the files have, and where the two differ.

The model is built from its configuration without memory for its weights, and compared with the headers of the
files; of 40 GB of weights, some hundred kilobytes are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.checkpoint import Checkpoint, Component, read_checkpoint, read_json
from meshloom.graph_runtime.models.headers import BYTES, Tensor

Shape = tuple[int, ...]

#: Types of weights that loading turns into the one asked for. Others need to know how they were made.
LOADABLE = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True)
class Comparison:
    """One component. ``mismatched``: (name, shape in the file, shape wanted). ``dtypes``: bytes by type.

    ``fault``: why it could not be compared at all. ``odd``: tensors of a type that cannot be loaded as it is.
    """

    name: str
    class_name: str
    parameters: int = 0
    dtypes: tuple[tuple[str, int], ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[tuple[str, Shape, Shape], ...] = ()
    odd: tuple[str, ...] = ()
    fault: str = ""
    hint: str = ""

    @property
    def loads(self) -> bool:
        """Whether every weight would get its value."""
        return not (self.missing or self.mismatched or self.odd or self.fault)


def inspect(folder: Path, only: tuple[str, ...] | None = None) -> list[Comparison]:
    """Compare every component with weights, or those named ``only``. Raises :class:`ModelError`."""
    checkpoint = read_checkpoint(folder)
    parts = [part for part in checkpoint.components if only is None or part.name in only]
    absent = [part for part in parts if not part.is_model and part.absent]
    return [
        *(
            Comparison(part.name, part.class_name, fault=f"absent: {', '.join(part.absent)}", hint=_FETCH)
            for part in absent
        ),
        *(compare(part, checkpoint) for part in parts if part.is_model),
    ]


_FETCH = "complete it with meshloom models pull, or copy what is absent"


def compare(part: Component, checkpoint: Checkpoint) -> Comparison:
    """One component: its files against its class. What is wrong is told, not raised."""
    if part.absent:
        return Comparison(part.name, part.class_name, fault=f"absent: {', '.join(part.absent)}", hint=_FETCH)
    if part.pickles:
        return Comparison(
            part.name,
            part.class_name,
            fault=f"its weights are pickled ({part.pickles[0].name}), which can run code",
            hint=f"meshloom models convert {part.folder}",
        )
    try:
        held = part.tensors()
        wanted = expected(part)
    except ModelError as error:
        return Comparison(part.name, part.class_name, fault=error.message, hint=error.hint)
    names = wanted.renamed(held)
    found = {names[name]: tensor for name, tensor in held.items()}
    kinds: dict[str, int] = {}
    for tensor in held.values():
        kinds[tensor.dtype] = kinds.get(tensor.dtype, 0) + tensor.count * BYTES[tensor.dtype]
    return Comparison(
        part.name,
        part.class_name,
        parameters=sum(tensor.count for tensor in held.values()),
        dtypes=tuple(sorted(kinds.items())),
        missing=tuple(
            sorted(name for name in wanted.shapes if name not in found and wanted.needs(name, found))
        ),
        unexpected=tuple(
            sorted(name for name in found if name not in wanted.shapes and wanted.objects(name))
        ),
        mismatched=tuple(
            (name, found[name].shape, shape)
            for name, shape in sorted(wanted.shapes.items())
            if name in found and found[name].shape != shape and name not in wanted.merged
        ),
        odd=tuple(sorted(name for name, tensor in held.items() if tensor.dtype not in (*LOADABLE, *_COUNTS))),
    )


#: Counters and masks are whole numbers by nature.
_COUNTS = ("BOOL", "I64", "I32")


@dataclass
class Wanted:
    """What a class wants: shapes by name, and how the names in files lead to them."""

    shapes: dict[str, Shape]
    model: Any = None
    #: Names put together from several in the file, whose shapes are not the file's.
    merged: frozenset[str] = frozenset()

    def renamed(self, held: Mapping[str, Tensor]) -> dict[str, str]:
        """The name that each tensor of the files gets in the model (older files say some otherwise)."""
        if self.model is None or not hasattr(self.model, "base_model_prefix"):
            return {name: name for name in held}
        from transformers.conversion_mapping import get_model_conversion_mapping
        from transformers.core_model_loading import WeightConverter, WeightRenaming, rename_source_key

        mapping = get_model_conversion_mapping(self.model)
        renamings = [one for one in mapping if isinstance(one, WeightRenaming)]
        converters = [one for one in mapping if isinstance(one, WeightConverter)]
        meta = self.model.state_dict()
        names: dict[str, str] = {}
        merged: set[str] = set()
        for name in held:
            new, pattern = rename_source_key(name, renamings, converters, self.model.base_model_prefix, meta)
            names[name] = new
            if pattern is not None:
                merged.add(new)
        self.merged = frozenset(merged)
        return names

    def needs(self, name: str, found: Mapping[str, Any]) -> bool:
        """Whether the lack of a name is a fault: not where it shares another's weights."""
        tied = getattr(self.model, "all_tied_weights_keys", None) or {}
        if tied.get(name) in found:
            return False
        return not _fits(name, getattr(self.model, "_keys_to_ignore_on_load_missing", None))

    def objects(self, name: str) -> bool:
        """Whether a name too many is worth telling."""
        return not _fits(name, getattr(self.model, "_keys_to_ignore_on_load_unexpected", None))


def _fits(name: str, patterns: Any) -> bool:
    return any(re.search(pattern, name) for pattern in patterns or ())


def expected(part: Component) -> Wanted:
    """What the class of a component wants. Raises :class:`ModelError` for a class that is not there."""
    import torch

    config = read_json(part.folder / "config.json")
    cls = class_of(part)
    try:
        with torch.device("meta"):
            if part.library == "diffusers":
                said = config.get("_class_name", part.class_name)
                if said != part.class_name:
                    raise ModelError(
                        f"{part.name or part.folder.name} should be a {part.class_name}; its files are of a {said}",
                        "the folder holds the parts of two models; fetch it again",
                    )
                model = cls.from_config(config)
            else:
                model = cls(cls.config_class.from_pretrained(str(part.folder), local_files_only=True))
    except ModelError:
        raise
    except Exception as error:  # a configuration of another class fails in as many ways as there are classes
        raise ModelError(
            f"{part.class_name} cannot be built from {part.folder / 'config.json'}: {error}",
            "it is the configuration of another class, or of a newer version of its library",
        ) from None
    return Wanted({name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}, model)


def class_of(part: Component) -> Any:
    """The class of a component. Raises :class:`ModelError`, also for what is no model of the two libraries."""
    import importlib

    if part.library not in ("diffusers", "transformers"):
        raise ModelError(
            f"{part.name} is of a class of its own ({part.library}.{part.class_name}): loading it would run its code",
            "Meshloom loads models of diffusers and transformers only",
        )
    module = importlib.import_module(part.library)
    cls = getattr(module, part.class_name, None)
    if cls is None:
        raise ModelError(
            f"{part.library} {module.__version__} has no {part.class_name}",
            f"a newer {part.library} may: pip install -U {part.library}",
        )
    if not hasattr(cls, "from_pretrained"):
        raise ModelError(f"{part.class_name} of {part.library} is no model")
    return cls


def check_loadable(folder: Path, only: tuple[str, ...] | None = None) -> list[Comparison]:
    """:func:`inspect`, raising :class:`ModelError` for the first component that would not load whole."""
    compared = inspect(folder, only)
    for part in compared:
        if part.loads:
            continue
        hint = part.hint or f"see all of it with: meshloom models inspect {folder}"
        if part.fault:
            raise ModelError(f"{part.name or folder.name}: {part.fault}", hint)
        if part.mismatched:
            name, have, want = part.mismatched[0]
            raise ModelError(
                f"{part.name}: {len(part.mismatched)} weights have another shape than {part.class_name} wants,"
                f" {name} for one: {list(have)}, expected {list(want)}",
                hint,
            )
        if part.missing:
            raise ModelError(
                f"{part.name}: {len(part.missing)} weights of {part.class_name} are missing,"
                f" {part.missing[0]} for one",
                hint,
            )
        raise ModelError(
            f"{part.name}: {len(part.odd)} weights are of a type that cannot be loaded as it is,"
            f" {part.odd[0]} for one",
            "fetch the weights as bfloat16, float16 or float32 and choose the quantisation here",
        )
    return compared
