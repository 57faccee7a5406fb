"""A reference into a pipeline ready to run: checked before, loaded part by part, placed, kept warm."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect as python_inspect
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models import tiny
from meshloom.graph_runtime.models.checkpoint import Checkpoint, Component, read_checkpoint, read_json
from meshloom.graph_runtime.models.estimate import QUANTISED_PARTS, check_fits, estimate
from meshloom.graph_runtime.models.inspect import check_loadable, class_of
from meshloom.graph_runtime.models.licences import check_consent
from meshloom.graph_runtime.models.places import find
from meshloom.graph_runtime.models.processor import STANDS_FOR, QwenProcessor
from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.spec import Run

#: Which parts of a pipeline: all, those that encode prompts, or those that make pictures of encoded prompts.
Parts = Literal["all", "text", "image"]

_TEXT = ("text_encoder", "tokenizer", "processor", "image_encoder", "feature_extractor")

#: Pipelines whose prompt can be encoded apart, with the parts of ``_TEXT`` alone.
SPLIT = ("QwenImage",)

#: One pipeline runs at a time: kernels, adaptations and diffusers' own constants are set around a run.
EXECUTION = threading.RLock()


@dataclass
class Loaded:
    """A pipeline on its device. ``adapters``: adaptations loaded into it so far, by digest."""

    pipe: Any
    device: str
    adapters: set[str] = field(default_factory=set)
    #: What the preview of latents needs (see previews.py), made at first use.
    colours: Any = None

    def bytes(self) -> int:
        """Memory of its weights."""
        held = {
            id(tensor): tensor.nbytes
            for module in modules(self.pipe).values()
            for tensor in (*module.parameters(), *module.buffers())
        }
        return sum(held.values())


def modules(pipe: Any) -> dict[str, Any]:
    """The components of a pipeline that are networks, by name."""
    import torch

    return {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}


def device_of(ref: ModelRef, run: Run) -> str:
    """Where a model goes. Raises :class:`ModelError` for a device that is not there."""
    device = run.device if ref.device == "auto" else ref.device
    if device != "cpu":
        import torch

        there = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
        if not there and ref.device != "auto":
            raise ModelError(
                f"this machine has no {device} device that torch can use", "set device to auto or cpu"
            )
        device = device if there else "cpu"
    return device


def can_split(pipeline: str) -> bool:
    """Whether prompts of this class can be encoded apart from the rest."""
    return pipeline.startswith(SPLIT)


def pipeline_name(ref: ModelRef) -> str:
    """The class a reference is loaded as, read from its files. Raises :class:`ModelError`."""
    known = tiny.parse(ref.source)
    name = ref.pipeline or (
        known[0] if known else read_checkpoint(find(ref.source, ref.revision).folder).pipeline
    )
    if not name:
        raise ModelError(
            f"{ref.source} is a single model, not a pipeline",
            "give the folder in which model_index.json lies, or name the pipeline's class",
        )
    return name


def open_pipeline(ref: ModelRef, run: Run, parts: Parts = "all") -> Loaded:
    """The pipeline of ``ref``, from the warm models or loaded now.

    Everything is checked first: consent, files, names and shapes of weights, memory. Raises :class:`ModelError`.
    """
    device = device_of(ref, run)
    told = (
        ref.source,
        ref.revision,
        ref.content,
        ref.pipeline,
        ref.dtype,
        ref.offload,
        ref.quantisation,
        device,
    )
    name = "|".join((*told, parts))
    return run.warm("pipeline", name, lambda: _build(ref, device, run, parts), Loaded.bytes)


def _build(ref: ModelRef, device: str, run: Run, parts: Parts) -> Loaded:
    libraries()
    with _folder(ref) as folder:
        checkpoint = read_checkpoint(folder)
        name = ref.pipeline or checkpoint.pipeline
        cls = pipeline_class(name, checkpoint)
        wanted = [part for part in checkpoint.components if _belongs(part.name, parts)]
        names = tuple(part.name for part in wanted)
        run.progress(0, 1, "checking the weights")
        for compared in check_loadable(folder, names):
            if compared.unexpected:
                extra = f"{len(compared.unexpected)} weights that {compared.class_name} has no place for"
                run.warn(f"{compared.name}: {extra} are left out, {compared.unexpected[0]} for one")
        check_fits(estimate(folder, ref, names), device)
        components = _load_parts(ref, wanted, run)
        pipe = _assemble(cls, checkpoint, components)
        _place(pipe, ref, device, run)
    pipe.set_progress_bar_config(disable=True)
    return Loaded(pipe, device)


@contextlib.contextmanager
def _folder(ref: ModelRef) -> Iterator[Path]:
    known = tiny.parse(ref.source)
    if known is None:
        found = find(ref.source, ref.revision)
        check_consent(found)
        yield found.folder
        return
    with tempfile.TemporaryDirectory(prefix="meshloom-tiny-") as made:
        tiny.write(Path(made), *known)
        yield Path(made)


def libraries() -> Any:
    """diffusers, made quiet. Raises :class:`ModelError` where it or transformers is not installed."""
    try:
        import diffusers
        import transformers
    except ImportError as error:
        raise ModelError(
            f"the packages that run models are not installed ({error.name})",
            'add them with: pip install "meshloom[diffusion]"',
        ) from None
    both: tuple[Any, Any] = (diffusers, transformers)
    for library in both:
        library.utils.logging.disable_progress_bar()
        library.utils.logging.set_verbosity_error()
    return both[0]


def pipeline_class(name: str, checkpoint: Checkpoint) -> Any:
    """The pipeline's class. Raises :class:`ModelError` for none, an unknown one, or one that brings its own code."""
    if checkpoint.foreign:
        raise ModelError(
            f"{checkpoint.folder.name} brings code of its own ({', '.join(checkpoint.foreign)}), which is not run",
            "Meshloom loads pipelines of diffusers with models of diffusers and transformers",
        )
    if not name:
        raise ModelError(
            f"{checkpoint.folder.name} is a single model, not a pipeline",
            "give the folder in which model_index.json lies",
        )
    diffusers = libraries()
    cls = getattr(diffusers, name, None)
    if not (isinstance(cls, type) and issubclass(cls, diffusers.DiffusionPipeline)):
        raise ModelError(
            f"diffusers {diffusers.__version__} has no pipeline {name}",
            "check the name; a newer diffusers may have it: pip install -U diffusers",
        )
    lacking = _required(cls) - {part.name for part in checkpoint.components}
    if lacking:
        raise ModelError(
            f"{checkpoint.folder.name} is a {checkpoint.pipeline}: as a {name} it lacks {', '.join(sorted(lacking))}",
            f"load it as {checkpoint.pipeline}, or fetch a model made for {name}",
        )
    return cls


def _required(cls: Any) -> set[str]:
    optional = set(getattr(cls, "_optional_components", ()))
    return {
        name
        for name, argument in python_inspect.signature(cls.__init__).parameters.items()
        if name != "self"
        and name not in optional
        and argument.default is python_inspect.Parameter.empty
        and argument.kind is python_inspect.Parameter.POSITIONAL_OR_KEYWORD
    }


def _belongs(name: str, parts: Parts) -> bool:
    if parts == "text":
        return name.startswith(_TEXT)
    if parts == "image":
        return not name.startswith(_TEXT)
    return True


def _load_parts(ref: ModelRef, parts: list[Component], run: Run) -> dict[str, Any]:
    components: dict[str, Any] = {}
    sizes = [part.bytes if part.is_model else 0 for part in parts]
    for index, part in enumerate(parts):
        run.progress(sum(sizes[:index]), max(1, sum(sizes)), f"loading {part.name}")
        try:
            components[part.name] = _load_part(ref, part)
        except (ModelError, MemoryError):
            raise
        except (OSError, ValueError, LookupError, TypeError, ImportError, AttributeError) as error:
            raise ModelError(
                f"{part.name} ({part.class_name}) cannot be loaded: {error}",
                "if its files are damaged, fetch them again; meshloom models inspect tells more",
            ) from error
    return components


def _load_part(ref: ModelRef, part: Component) -> Any:
    import torch

    if part.class_name in STANDS_FOR:
        return QwenProcessor.from_folder(part.folder)
    if not part.is_model:
        cls = getattr(importlib.import_module(part.library), part.class_name)
        return cls.from_pretrained(str(part.folder), local_files_only=True)
    options: dict[str, Any] = {}
    quantised = _quantisation(ref, part)
    if quantised is not None:
        options["quantization_config"] = quantised
    made = class_of(part).from_pretrained(
        str(part.folder),
        dtype=getattr(torch, ref.dtype),
        local_files_only=True,
        use_safetensors=True,
        **options,
    )
    if ref.quantisation == "float8" and part.name in QUANTISED_PARTS and part.library == "diffusers":
        made.enable_layerwise_casting(
            storage_dtype=torch.float8_e4m3fn, compute_dtype=getattr(torch, ref.dtype)
        )
    return made.eval()


def _quantisation(ref: ModelRef, part: Component) -> Any:
    """The library's own configuration, ``None`` where nothing is to be done."""
    package, _, bits = ref.quantisation.partition("-")
    if package not in ("bitsandbytes", "torchao") or part.name not in QUANTISED_PARTS:
        return None
    import torch

    if importlib.util.find_spec(package) is None:
        raise ModelError(
            f"quantisation {ref.quantisation} needs {package}, which is not installed",
            f"add it with: pip install {package}; float8 needs nothing",
        )
    library = importlib.import_module(part.library)
    if package == "torchao":
        from torchao.quantization import Int8WeightOnlyConfig

        return library.TorchAoConfig(Int8WeightOnlyConfig())
    if bits == "8bit":
        return library.BitsAndBytesConfig(load_in_8bit=True)
    compute = getattr(torch, ref.dtype)
    return library.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute
    )


def _assemble(cls: Any, checkpoint: Checkpoint, components: dict[str, Any]) -> Any:
    """The pipeline of its parts; those left out are ``None``, plain settings of the index go along."""
    index = read_json(checkpoint.folder / "model_index.json")
    arguments = python_inspect.signature(cls.__init__).parameters
    given: dict[str, Any] = dict.fromkeys(_required(cls))
    given |= {
        name: said
        for name, said in index.items()
        if name in arguments and not name.startswith("_") and isinstance(said, (bool, int, float, str))
    }
    given |= {name: None for name in arguments if name in index and isinstance(index[name], list)}
    processors = {name: part for name, part in components.items() if isinstance(part, QwenProcessor)}
    given |= {name: part for name, part in components.items() if name in arguments and name not in processors}
    pipe = cls(**given)
    for name, processor in processors.items():  # diffusers takes only transformers' own as an argument
        setattr(pipe, name, processor)
    return pipe


def _place(pipe: Any, ref: ModelRef, device: str, run: Run) -> None:
    if ref.offload != "none" and device == "cpu":
        run.warn(f"offload {ref.offload} does nothing on the processor itself")
    if ref.offload == "none" or device == "cpu":
        if ref.quantisation.startswith("bitsandbytes"):
            return  # it has put its weights where they belong while loading
        pipe.to(device)
    elif ref.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    else:
        pipe.enable_sequential_cpu_offload(device=device)
