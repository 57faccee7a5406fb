"""LPIPS: how different two pictures look, by the features of a network that was trained on photographs.

Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
CVPR 2018, version 0.1: pictures in -1..1 are shifted and scaled by channel, go through the convolutions of AlexNet
or VGG16, and after five of these features of both are brought to length 1 in each place, subtracted, squared, and
weighed by channel with the paper's linear heads. The sum over the five of the means over places is the distance:
0 for equal pictures, about 0.1 for close ones, 0.7 for unlike ones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

#: Pictures shorter than this have no place left in the last features.
SMALLEST = 32
#: Bytes at the most for the features of two pictures.
MOST_BYTES = 6 << 30
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
#: Added to lengths before division, as published.
_TINY = 1e-10


@dataclass(frozen=True)
class _Layer:
    """A convolution. ``index``: its place among torchvision's ``features``; ``pool``: width of the maximum before
    it, with steps of 2; ``tap``: whether features are compared after its ReLU."""

    index: int
    channels: tuple[int, int]
    width: int = 3
    step: int = 1
    edge: int = 1
    pool: int = 0
    tap: bool = True


_ALEX = (
    _Layer(0, (3, 64), 11, 4, 2),
    _Layer(3, (64, 192), 5, 1, 2, pool=3),
    _Layer(6, (192, 384), pool=3),
    _Layer(8, (384, 256)),
    _Layer(10, (256, 256)),
)
_VGG = (
    _Layer(0, (3, 64), tap=False),
    _Layer(2, (64, 64)),
    _Layer(5, (64, 128), pool=2, tap=False),
    _Layer(7, (128, 128)),
    _Layer(10, (128, 256), pool=2, tap=False),
    _Layer(12, (256, 256), tap=False),
    _Layer(14, (256, 256)),
    _Layer(17, (256, 512), pool=2, tap=False),
    _Layer(19, (512, 512), tap=False),
    _Layer(21, (512, 512)),
    _Layer(24, (512, 512), pool=2, tap=False),
    _Layer(26, (512, 512), tap=False),
    _Layer(28, (512, 512)),
)
_NETWORKS = {"AlexNet": _ALEX, "VGG16": _VGG}
#: Bytes at the peak for each pixel of one picture, measured.
_BYTES_PER_PIXEL = {"AlexNet": 200, "VGG16": 1600}


def _layout(layers: tuple[_Layer, ...]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in layers:
        into, out = layer.channels
        shapes[f"features.{layer.index}.weight"] = (out, into, layer.width, layer.width)
        shapes[f"features.{layer.index}.bias"] = (out,)
    for number, layer in enumerate(layer for layer in layers if layer.tap):
        shapes[f"lin{number}.weight"] = (1, layer.channels[1], 1, 1)
    return shapes


#: The tensors of each network that there are heads for, by the names of :func:`own_name`, with their shapes.
LAYOUTS: dict[str, dict[str, tuple[int, ...]]] = {name: _layout(layers) for name, layers in _NETWORKS.items()}


def own_name(name: str) -> str | None:
    """Our name for a tensor of a published file, or ``None`` for what LPIPS does not use.

    Understood are torchvision's networks (``features.0.weight``), the authors' heads (``lin0.model.1.weight``), and
    both in one file as the authors' package saves them (``net.slice1.0.weight``, ``lins.0.model.1.weight``).
    """
    found = re.search(r"(?:^|\.)(?:features|slice\d)\.(\d+)\.(weight|bias)$", name)
    if found:
        return f"features.{found[1]}.{found[2]}"
    found = re.search(r"(?:^|\.)lin(?:s\.)?(\d)\.(?:model\.\d\.)?weight$", name)
    return f"lin{found[1]}.weight" if found else None


class Lpips:
    """The measure with given weights. ``network``: a key of :data:`LAYOUTS`; ``weights``: what it lists, float32.

    ``check`` is called before each layer and may raise.
    """

    def __init__(
        self,
        network: str,
        weights: Mapping[str, NDArray[np.float32]],
        check: Callable[[], object] = lambda: None,
    ) -> None:
        self.network = network
        self._check = check
        self._layers = _NETWORKS[network]
        self._weights = {name: torch.from_numpy(weights[name].copy()) for name in LAYOUTS[network]}

    def refusal(self, height: int, width: int) -> str:
        """Why pictures of this size cannot be compared; empty where they can."""
        if min(height, width) < SMALLEST:
            return f"{width} x {height} px are too few for LPIPS, which needs {SMALLEST} each way"
        if height * width * _BYTES_PER_PIXEL[self.network] > MOST_BYTES:
            most = MOST_BYTES / _BYTES_PER_PIXEL[self.network] / 1e6
            return (
                f"LPIPS of {width} x {height} px with {self.network} needs over {MOST_BYTES >> 30} GiB of memory;"
                f" the limit is {most:.0f} megapixels"
            )
        return ""

    def distance(
        self,
        first: NDArray[np.float32],
        second: NDArray[np.float32],
        counts: NDArray[np.float32] | None = None,
    ) -> float:
        """Between two pictures (3, H, W) of stored values; what is outside 0..1 is cut.

        ``counts``: (H, W) weights of pixels, brought to each layer's size by area. What does not count still is in
        sight of what does, so make it equal in both. Raises ``ValueError`` with :meth:`refusal`, or where nothing
        counts.
        """
        refused = self.refusal(*first.shape[1:])
        if refused:
            raise ValueError(refused)
        weight = None
        if counts is not None:
            weight = torch.from_numpy(np.ascontiguousarray(counts, np.float32))[None, None]
            if not float(weight.sum()) > 0:
                raise ValueError("no pixel counts")
        with torch.inference_mode():
            both = torch.from_numpy(np.stack([first, second]).astype(np.float32, copy=False)).clamp(0, 1)
            shift, scale = (torch.tensor(part)[:, None, None] for part in (_SHIFT, _SCALE))
            held = (both * 2 - 1 - shift) / scale
            total, tap = 0.0, 0
            for layer in self._layers:
                self._check()
                held = self._through(layer, held)
                if layer.tap:
                    total += _apart(held, self._weights[f"lin{tap}.weight"].flatten(), weight)
                    tap += 1
        # Heads are trained to be positive; rounding at equal pictures is not.
        return max(total, 0.0) if math.isfinite(total) else math.nan

    def _through(self, layer: _Layer, held: Tensor) -> Tensor:
        if layer.pool:
            held = functional.max_pool2d(held, layer.pool, 2)
        kernel = self._weights[f"features.{layer.index}.weight"]
        bias = self._weights[f"features.{layer.index}.bias"]
        return functional.conv2d(held, kernel, bias, layer.step, layer.edge).relu_()


def _apart(features: Tensor, head: Tensor, counts: Tensor | None) -> float:
    """``features`` (2, C, h, w) -> the mean over places of the weighed squared differences."""
    lengths = features.square().sum(1, keepdim=True).sqrt_() + _TINY
    here = torch.zeros(features.shape[2:])
    # A few channels at a time: the first features of VGG16 are the largest thing in memory.
    for part in range(0, features.shape[1], 16):
        one, other = features[:, part : part + 16] / lengths
        here += (head[part : part + 16, None, None] * (one - other).square_()).sum(0)
    if counts is None:
        return float(here.mean(dtype=torch.float64))
    weight = functional.adaptive_avg_pool2d(counts, features.shape[2:])[0, 0]
    return float((here * weight).sum(dtype=torch.float64) / weight.sum(dtype=torch.float64))
