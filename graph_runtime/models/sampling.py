"""Pictures from encoded prompts: one run of a pipeline, with its steps shown, stoppable, and parts kept by a mask."""

from __future__ import annotations

import contextlib
import importlib
import inspect as python_inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models import tiny
from meshloom.graph_runtime.models.loading import Loaded, can_split, libraries, modules, pipeline_name
from meshloom.graph_runtime.models.previews import colour_map, encode, preview, unpacked
from meshloom.graph_runtime.models.running import in_a_line, with_pipeline
from meshloom.graph_runtime.models.values import ModelRef, PromptEmbeddings
from meshloom.graph_runtime.spec import Run
from meshloom.graph_runtime.types import Image, Mask

#: A preview at most this often (seconds).
_PREVIEW_EVERY = 0.2

#: Pipelines that take one picture at a time.
_ONE_PICTURE = ("QwenImageEditPipeline", "FluxKontextPipeline", "StableDiffusionInstructPix2PixPipeline")

#: What pipelines raise for settings and files that do not suit them.
_REFUSALS = (ValueError, TypeError, AttributeError, IndexError, KeyError)

Task = Literal["edit", "text to image", "image to image"]


@dataclass(frozen=True)
class Job:
    """One picture to make. ``width`` and ``height`` in pixels; 0 = after the first picture, or the model's own.

    ``guidance``: of the true classifier-free kind where the pipeline has it. ``reference_side``: pictures are
    brought to the area of a square of this side before they are encoded. ``strength``: how far image to image may
    go from its picture. ``mask``: what may change; the rest stays to the pixel.
    """

    task: Task
    prompt: PromptEmbeddings
    images: tuple[Image, ...] = ()
    mask: Mask | None = None
    steps: int = 40
    guidance: float = 4.0
    seed: int = 0
    width: int = 0
    height: int = 0
    reference_side: int = 1024
    strength: float = 0.6


def make_picture(ref: ModelRef, job: Job, run: Run) -> Image:
    """Run the pipeline of ``ref`` on ``job``: what nodes, comparisons and benchmarks all call.

    The attention kernel or other patches of ``ref`` hold around it. Equal arguments on an equal device give equal
    pictures. Raises :class:`~meshloom.graph_runtime.errors.ModelError`.
    """
    _check(ref, job)
    parts: Literal["image", "all"] = "image" if job.prompt.arrays else "all"
    pixels = with_pipeline(ref, run, parts, lambda loaded: _run(loaded, ref, job, run))
    if not np.isfinite(pixels).all():
        hint = "float16 is too narrow for many models: choose bfloat16" if ref.dtype == "float16" else ""
        hint = hint or "take out adaptations and kernels one by one to find which does it"
        raise ModelError("the model made NaN instead of a picture", hint)
    if job.mask is not None:
        pixels = _composed(job, pixels)
    if tiny.parse(ref.source) is not None:
        run.warn(tiny.WARNING)
        return Image(pixels, "noise of a tiny random model")
    return Image(pixels, job.images[0].name if job.images else "")


def _check(ref: ModelRef, job: Job) -> None:
    if job.prompt.arrays and job.prompt.model != ref.source:
        raise ModelError(
            f"the prompt was encoded by {job.prompt.model}, and the model is {ref.source}",
            "feed both from the same models.load",
        )
    if job.task != "text to image" and not job.images:
        raise ModelError("there is no picture to start from; expected at least one")
    for side in (job.width, job.height):
        if side and side < 32:
            raise ModelError(
                f"a side of {side} px is too small; expected at least 32, or 0 to choose by itself"
            )


def _run(loaded: Loaded, ref: ModelRef, job: Job, run: Run) -> NDArray[np.float32]:
    import torch

    pipe = _for_task(loaded, job.task)
    takes = python_inspect.signature(type(pipe).__call__).parameters
    if job.task != "text to image" and "image" not in takes:
        raise ModelError(
            f"a {type(pipe).__name__} is no editing pipeline: it takes no picture",
            "load a model made for editing, or use image.text_to_image or image.image_to_image",
        )
    if (job.width or job.height) and "width" not in takes:
        run.warn(f"{type(pipe).__name__} chooses the size by itself; width and height do not count")
    if job.steps < 2 and getattr(pipe.scheduler.config, "shift_terminal", None):
        # diffusers stretches the steps between the first and the last, which here are one: 0 / 0.
        raise ModelError(
            "one step is too few for this model's schedule; expected at least 2", "set steps to 2 or more"
        )
    width, height = _size(pipe, job)
    steps = _Steps(replace_pipe(loaded, pipe), job, run, width, height)
    given: dict[str, Any] = {
        "num_inference_steps": job.steps,
        "generator": torch.Generator("cpu").manual_seed(job.seed),
        "width": width or None,
        "height": height or None,
        "output_type": "np",
        "strength": job.strength if job.task == "image to image" else None,
        "callback_on_step_end": steps,
        "image": _pictures(pipe, job),
        **_prompt(loaded, job, takes),
    }
    if job.mask is not None:
        given["latents"] = steps.begin_masked()
    arguments = {name: held for name, held in given.items() if name in takes and held is not None}
    run.progress(0, max(1, job.steps), "preparing")
    with _references(pipe, job.reference_side):
        try:
            made = pipe(**arguments).images
        except _REFUSALS as error:
            raise ModelError(
                f"{type(pipe).__name__} did not take these settings: {in_a_line(error)}",
                "compare them with what the model's page recommends",
            ) from error
    picture = made[0]
    if isinstance(picture, (list, tuple)):
        picture = picture[0]
    return np.ascontiguousarray(np.asarray(picture, np.float32))


def replace_pipe(loaded: Loaded, pipe: Any) -> Loaded:
    """The same weights under another pipeline class."""
    return loaded if pipe is loaded.pipe else replace(loaded, pipe=pipe)


def _for_task(loaded: Loaded, task: Task) -> Any:
    """The pipeline class for a task over the same parts, as diffusers' AutoPipeline chooses it."""
    if task == "edit":
        return loaded.pipe
    diffusers = libraries()
    auto = (
        diffusers.AutoPipelineForText2Image
        if task == "text to image"
        else diffusers.AutoPipelineForImage2Image
    )
    try:
        made = auto.from_pipe(loaded.pipe)
    except ValueError:
        raise ModelError(
            f"diffusers knows no {task} pipeline for a {type(loaded.pipe).__name__}",
            "use image.edit_with_prompt with an editing model, or load another model",
        ) from None
    made.set_progress_bar_config(disable=True)
    return made


def _size(pipe: Any, job: Job) -> tuple[int, int]:
    """Width and height in steps the pipeline can make; of the first picture's shape where nothing is said."""
    step = 2 * int(getattr(pipe, "vae_scale_factor", 8))
    width, height = float(job.width), float(job.height)
    if not (width and height) and job.images:
        ratio = job.images[0].width / job.images[0].height
        if not (width or height):
            width = job.reference_side * ratio**0.5
        width, height = width or height * ratio, height or width / ratio

    def fitting(side: float) -> int:
        return max(step, round(side / step) * step) if side else 0

    return fitting(width), fitting(height)


def _pictures(pipe: Any, job: Job) -> Any:
    if job.task == "text to image":
        return None
    pictures = [pillow(image) for image in job.images]
    if type(pipe).__name__ in _ONE_PICTURE or job.task == "image to image":
        if len(pictures) > 1:
            raise ModelError(
                f"{type(pipe).__name__} takes one picture; {len(pictures)} are connected",
                "QwenImageEditPlusPipeline takes several",
            )
        return pictures[0]
    return pictures


def pillow(image: Image) -> Any:
    """As the pipelines take it: RGB; what is transparent becomes white."""
    from PIL import Image as Pillow

    eight = image.as_uint8()
    if eight.shape[2] == 4:
        alpha = eight[:, :, 3:].astype(np.float32) / 255
        eight = np.asarray(eight[:, :, :3] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
    return Pillow.fromarray(np.ascontiguousarray(Image(np.ascontiguousarray(eight)).rgb()))


def _prompt(loaded: Loaded, job: Job, takes: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt, and the guidance under the name the pipeline has for it."""
    guided = "true_cfg_scale" if "true_cfg_scale" in takes else "guidance_scale"
    given: dict[str, Any] = {guided: job.guidance}
    if not job.prompt.arrays:
        return given | {"prompt": job.prompt.text, "negative_prompt": job.prompt.negative or None}
    import torch

    held = modules(loaded.pipe)
    denoiser = held.get("transformer") or held.get("unet")
    dtype = denoiser.dtype if denoiser is not None else torch.float32
    for name, array in zip(job.prompt.names, job.prompt.arrays, strict=True):
        tensor = torch.from_numpy(array.copy()).to(loaded.pipe._execution_device)
        given[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return given


def _composed(job: Job, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outside the mask, the first picture as it was, at its own size."""
    import cv2

    first = job.images[0]
    kept = np.array(Image(np.ascontiguousarray(first.rgb())).as_float(), np.float32)
    assert job.mask is not None
    coverage = _fitted(job.mask, first.width, first.height)[:, :, None]
    larger = first.width > pixels.shape[1]
    made = cv2.resize(
        pixels, (first.width, first.height), interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA
    )
    return np.where(coverage > 0, kept + (np.clip(made, 0, 1) - kept) * coverage, kept).astype(np.float32)


def _fitted(mask: Mask, width: int, height: int) -> NDArray[np.float32]:
    import cv2

    coverage = np.clip(np.nan_to_num(mask.coverage), 0, 1)
    if coverage.shape == (height, width):
        return np.asarray(coverage, np.float32)
    return np.asarray(cv2.resize(coverage, (width, height), interpolation=cv2.INTER_AREA), np.float32)


class _Steps:
    """Called by the pipeline after each step: progress, a preview, and what the mask keeps is put back."""

    def __init__(self, loaded: Loaded, job: Job, run: Run, width: int, height: int) -> None:
        self._loaded, self._job, self._run = loaded, job, run
        self._width, self._height = width, height
        self._shown = 0.0
        self._before: Any = None
        self._kept: Any = None  # (latents of the picture, the noise it began with, what may change)

    def __call__(self, pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        latents = tensors["latents"]
        count = int(getattr(pipe, "_num_timesteps", 0)) or self._job.steps
        self._run.progress(step + 1, count, f"step {step + 1} of {count}")
        if self._kept is not None:
            latents = self._put_back(pipe, step, latents)
        if time.monotonic() - self._shown >= _PREVIEW_EVERY or step + 1 == count:
            self._shown = time.monotonic()
            self._show(pipe, step, latents)
        self._before = latents
        return {**tensors, "latents": latents}

    def _show(self, pipe: Any, step: int, latents: Any) -> None:
        colours = colour_map(self._loaded)
        if colours is None or not (self._width and self._height):
            return
        clean = unpacked(pipe, self._foreseen(pipe, step, latents), self._height, self._width)
        if clean is not None and clean.shape[1] + 1 == len(colours):
            self._run.preview(preview(clean[:1], colours))

    def _foreseen(self, pipe: Any, step: int, latents: Any) -> Any:
        """Where a straight flow leads from here: the picture as the model means it now, without the noise."""
        sigmas = getattr(pipe.scheduler, "sigmas", None)
        if self._before is None or sigmas is None or "FlowMatch" not in type(pipe.scheduler).__name__:
            return latents
        now, next_ = float(sigmas[step]), float(sigmas[step + 1])
        if now <= next_:
            return latents
        return latents - (self._before - latents) / (now - next_) * next_

    # ------------------------------------------------------------------------------------------ masks

    def begin_masked(self) -> Any:
        """The noise to begin with, and what is needed to put back what the mask keeps."""
        import torch
        from diffusers.utils.torch_utils import randn_tensor

        pipe, job = self._loaded.pipe, self._job
        if not hasattr(pipe, "_pack_latents") or "FlowMatch" not in type(pipe.scheduler).__name__:
            raise ModelError(
                f"a mask cannot be used with {type(pipe).__name__}",
                "edit without a mask and lay the result over the picture with image.blend",
            )
        picture = pillow(job.images[0])
        pixels = pipe.image_processor.preprocess(picture, self._height, self._width)
        latents = encode(self._loaded, pixels)
        batch, channels, height, width = latents.shape
        denoiser = pipe.transformer
        latents = latents.to(denoiser.dtype)
        generator = torch.Generator("cpu").manual_seed(job.seed)
        # As the pipelines draw it, so that a mask of everything changes nothing.
        noise = randn_tensor((batch, 1, channels, height, width), generator, latents.device, latents.dtype)
        assert job.mask is not None
        coverage = torch.from_numpy(_fitted(job.mask, width, height)).to(latents.device, latents.dtype)
        changes = coverage[None, None].expand(batch, channels, height, width)

        def packed(tensor: Any) -> Any:
            return pipe._pack_latents(tensor, batch, channels, height, width)

        start = packed(noise)
        self._kept = (packed(latents), start, packed(changes.contiguous()))
        return start

    def _put_back(self, pipe: Any, step: int, latents: Any) -> Any:
        picture, noise, changes = self._kept
        sigma = float(pipe.scheduler.sigmas[step + 1])
        noisy = sigma * noise + (1 - sigma) * picture
        return changes * latents + (1 - changes) * noisy


def _module_of(pipe: Any) -> Any:
    return importlib.import_module(type(pipe).__module__)


@contextlib.contextmanager
def _references(pipe: Any, side: int) -> Iterator[None]:
    """Bring references to the area of a square of ``side``: diffusers has that as a constant of the module.

    Held under the lock of execution, so no other pipeline sees it.
    """
    module = _module_of(pipe)
    before = {}
    if hasattr(module, "VAE_IMAGE_SIZE"):
        before["VAE_IMAGE_SIZE"] = module.VAE_IMAGE_SIZE
        module.VAE_IMAGE_SIZE = side * side
    elif type(pipe).__name__.startswith("QwenImageEdit") and hasattr(module, "calculate_dimensions"):
        usual = before["calculate_dimensions"] = module.calculate_dimensions
        module.calculate_dimensions = lambda area, ratio: usual(side * side, ratio)
    try:
        yield
    finally:
        for name, held in before.items():
            setattr(module, name, held)


# ---------------------------------------------------------------------------------------------- prompts


def encode_prompt(
    ref: ModelRef, text: str, negative: str, images: Sequence[Image], run: Run
) -> PromptEmbeddings:
    """The prompt as the model's text encoder sees it, with the pictures it refers to.

    Of a model whose prompts cannot be encoded apart, the words alone. Raises
    :class:`~meshloom.graph_runtime.errors.ModelError`.
    """
    name = pipeline_name(ref)
    if not can_split(name):
        return PromptEmbeddings(text, negative, ref.source)
    if name in _ONE_PICTURE and len(images) > 1:
        raise ModelError(f"{name} takes one picture; {len(images)} are connected")
    if "Edit" in name and not images:
        raise ModelError(f"{name} reads the prompt together with the pictures; expected at least one")
    if not text.strip():
        raise ModelError("the prompt is empty; say what should change or be shown")

    def work(loaded: Loaded) -> PromptEmbeddings:
        try:
            run.progress(0, 2, "encoding the prompt")
            arrays = _encoded(loaded, text, images, "")
            if negative:
                run.progress(1, 2, "encoding the negative prompt")
                arrays |= _encoded(loaded, negative, images, "negative_")
        except _REFUSALS as error:
            raise ModelError(
                f"the prompt cannot be encoded by the {type(loaded.pipe).__name__}: {in_a_line(error)}",
                "tokenizer and text encoder of the checkpoint may be those of two models; fetch it again",
            ) from error
        return PromptEmbeddings(text, negative, ref.source, tuple(arrays), tuple(arrays.values()))

    return with_pipeline(replace(ref, loras=()), run, "text", work)


def _encoded(loaded: Loaded, text: str, images: Sequence[Image], before: str) -> dict[str, NDArray[Any]]:
    pipe = loaded.pipe
    options: dict[str, Any] = {"prompt": text, "device": pipe._execution_device}
    if images and "image" in python_inspect.signature(pipe.encode_prompt).parameters:
        options["image"] = _seen_by_encoder(pipe, images)
    embeddings, mask = pipe.encode_prompt(**options)[:2]
    made = {f"{before}prompt_embeds": embeddings.float().cpu().numpy()}
    if mask is not None:
        made[f"{before}prompt_embeds_mask"] = mask.long().cpu().numpy()
    return made


def _seen_by_encoder(pipe: Any, images: Sequence[Image]) -> Any:
    """The pictures in the size in which the pipeline itself shows them to its text encoder."""
    module = _module_of(pipe)
    area = getattr(module, "CONDITION_IMAGE_SIZE", 1024 * 1024)
    seen = []
    for image in images:
        width, height = module.calculate_dimensions(area, image.width / image.height)[:2]
        seen.append(pipe.image_processor.resize(pillow(image), int(height), int(width)))
    return seen if hasattr(module, "CONDITION_IMAGE_SIZE") else seen[0]
