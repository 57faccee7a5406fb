"""A quick look at a picture that is still noise: latents to colours by a linear map, no decoder.

The map is fitted once per model: a small chart is encoded, and its latents are matched to its colours by least
squares. That works for any autoencoder, without a table of constants for each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.models.loading import Loaded
from meshloom.graph_runtime.models.running import is_out_of_memory
from meshloom.graph_runtime.types import Image

#: Side of the chart in latent pixels, and of its patches.
_CELLS, _PATCH = 24, 4

#: Autoencoders of films, to which a picture is a film of one frame.
_OF_FRAMES = ("AutoencoderKLQwenImage", "AutoencoderKLWan")


def colour_map(loaded: Loaded) -> NDArray[np.float32] | None:
    """(channels + 1, 3): colours of a latent pixel, the last row constant. ``None`` without an autoencoder."""
    if loaded.colours is None:
        try:
            loaded.colours = _fit(loaded) if getattr(loaded.pipe, "vae", None) is not None else False
        except (ValueError, TypeError, AttributeError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise
            loaded.colours = (
                False  # an autoencoder unlike those known here: the picture comes, without a preview
            )
    return loaded.colours if isinstance(loaded.colours, np.ndarray) else None


def _fit(loaded: Loaded) -> Any:
    import torch

    factor = int(getattr(loaded.pipe, "vae_scale_factor", 8))
    colours = np.random.default_rng(0).random((_CELLS // _PATCH, _CELLS // _PATCH, 3), np.float32)
    chart = np.kron(colours, np.ones((_PATCH * factor, _PATCH * factor, 1), np.float32))
    pixels = torch.from_numpy(chart).permute(2, 0, 1)[None] * 2 - 1
    latents = encode(loaded, pixels)
    if latents is None or latents.shape[-1] != _CELLS or latents.shape[-2] != _CELLS:
        return False
    shown = np.kron(colours, np.ones((_PATCH, _PATCH, 1), np.float32)).reshape(-1, 3)
    known = _with_constant(latents)
    return np.linalg.lstsq(known, shown, rcond=None)[0].astype(np.float32)


def encode(loaded: Loaded, pixels: Any) -> Any:
    """(1, 3, H, W) in -1..1 to (1, C, h, w) latents as the pipeline's denoiser sees them; ``None`` if unknown how."""
    import torch

    pipe = loaded.pipe
    vae = pipe.vae
    pixels = pixels.to(_execution_device(pipe), vae.dtype)
    if hasattr(pipe, "_encode_vae_image"):
        generator = torch.Generator().manual_seed(0)
        video = "QwenImage" in type(pipe).__name__
        made = pipe._encode_vae_image(pixels.unsqueeze(2) if video else pixels, generator)
    else:
        frames = type(vae).__name__ in _OF_FRAMES
        given = vae.encode(pixels.unsqueeze(2) if frames else pixels)
        if not hasattr(given, "latent_dist"):
            return None
        made = _normalised(vae.config, given.latent_dist.mode())
    return made[:, :, 0] if made.ndim == 5 else made


def _normalised(config: Any, latents: Any) -> Any:
    """As denoisers see them: by each channel's mean and deviation where those are told, else by one factor."""
    means, deviations = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if means and deviations:
        shape = (1, -1, *(1,) * (latents.ndim - 2))
        return (latents - latents.new_tensor(means).view(shape)) / latents.new_tensor(deviations).view(shape)
    shift = getattr(config, "shift_factor", None) or 0.0
    return (latents - shift) * (getattr(config, "scaling_factor", None) or 1.0)


def _execution_device(pipe: Any) -> Any:
    return pipe._execution_device


def _with_constant(latents: Any) -> NDArray[np.float32]:
    flat = latents[0].float().cpu().numpy().reshape(latents.shape[1], -1).T
    return np.concatenate([flat, np.ones((len(flat), 1), np.float32)], axis=1)


def preview(latents: Any, colours: NDArray[np.float32]) -> Image:
    """A small picture of (1, C, h, w) latents."""
    height, width = latents.shape[-2:]
    pixels = (_with_constant(latents) @ colours).reshape(height, width, 3)
    return Image((np.clip(np.nan_to_num(pixels), 0, 1) * 255).astype(np.uint8), "preview")


def unpacked(pipe: Any, latents: Any, height: int, width: int) -> Any:
    """Latents as (B, C, h, w), of pipelines that keep them as rows of patches too; ``None`` if unknown how."""
    if latents.ndim == 3 and hasattr(pipe, "_unpack_latents"):
        latents = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
    if latents.ndim == 5:
        latents = latents[:, :, 0]
    return latents if latents.ndim == 4 else None
