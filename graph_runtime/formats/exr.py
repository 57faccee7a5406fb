"""OpenEXR: channels of floats, as they are stored (scene-linear light, depth, anything)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats import srgb

Floats = NDArray[np.float32]

MAGIC = b"\x76\x2f\x31\x01"
_REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)


def read_channels(path: Path, max_pixels: int) -> dict[str, Floats]:
    """Every channel of the first part by name: (H, W) float32 of the display window, 0 outside the data.

    Raises ``NodeError`` beyond ``max_pixels``, and whatever OpenEXR raises on a broken file.
    """
    return _read(path, max_pixels)[0]


def read_light(path: Path, max_pixels: int) -> Floats:
    """(H, W, 1|3|4) float32 scene-linear light with Rec. 709 primaries; alpha made straight.

    Takes R, G, B (and A), of the first layer if none is unnamed; else Y; else the first channel as grey.
    """
    channels, chromaticities = _read(path, max_pixels)
    layer = _colour_layer(list(channels))
    if layer is None:
        grey = channels.get("Y")
        return (next(iter(channels.values())) if grey is None else grey)[:, :, None]
    light = np.stack([channels[layer + band] for band in "RGB"], axis=-1)
    alpha = channels.get(layer + "A")
    if alpha is not None:
        # EXR stores colour multiplied by alpha; where that is 0 the colour is light added, kept as it is.
        light = (light / np.where(alpha > 0, alpha, 1)[:, :, None]).astype(np.float32)
    if chromaticities is not None and not np.allclose(chromaticities, _REC709, atol=1e-4):
        matrix = srgb.XYZ_TO_RGB @ _adapted(chromaticities)
        light = (light @ matrix.T).astype(np.float32)
    return light if alpha is None else np.concatenate([light, alpha[:, :, None]], axis=-1)


def write_light(light: Floats, half: bool = False) -> bytes:
    """(H, W, 1|3|4) scene-linear light, straight alpha, as EXR: channels Y, RGB or RGBA, ZIP compressed."""
    bands = {1: "Y", 3: "RGB", 4: "RGBA"}[light.shape[2]]
    if bands == "RGBA":
        light = np.concatenate([light[:, :, :3] * light[:, :, 3:], light[:, :, 3:]], axis=-1)
    return write_channels({band: light[:, :, index] for index, band in enumerate(bands)}, half)


def write_channels(channels: Mapping[str, Floats], half: bool = False) -> bytes:
    """Channels of one size as an EXR file, 16-bit floats if ``half`` else 32-bit, ZIP compressed."""
    import OpenEXR

    dtype = np.float16 if half else np.float32
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with np.errstate(over="ignore"):
        stored = {name: np.ascontiguousarray(band, dtype) for name, band in channels.items()}
    # The library writes to paths only.
    with tempfile.TemporaryDirectory(prefix="meshloom-") as folder:
        path = Path(folder) / "image.exr"
        OpenEXR.File(header, stored).write(str(path))
        return path.read_bytes()


def _read(path: Path, max_pixels: int) -> tuple[dict[str, Floats], tuple[float, ...] | None]:
    import OpenEXR

    with OpenEXR.File(str(path), separate_channels=True, header_only=True) as file:
        header = dict(file.header())  # leaving the block empties it
    data, shown = header["dataWindow"], header["displayWindow"]
    width, height = _size(shown)
    # The data window is allocated too, and may be the larger of the two.
    if min(width, height) < 1 or max(width * height, np.prod(_size(data), dtype=np.float64)) > max_pixels:
        raise NodeError(
            f"{path.name} declares {width} x {height} pixels; the limit is {max_pixels / 1e6:.0f} megapixels",
            hint="make the picture smaller",
        )
    with OpenEXR.File(str(path), separate_channels=True) as file:
        if not file.parts:
            raise ValueError("its pixels are damaged or cut off")
        found = file.channels()
        channels = {}
        for name, channel in found.items():
            if channel.pixels.ndim == 2:
                pixels = np.asarray(channel.pixels, np.float32)
                pixels = _full(pixels, channel.xSampling, channel.ySampling, _size(data))
                channels[name] = _placed(pixels, np.asarray(data), np.asarray(shown))
    if not channels:
        raise NodeError(f"{path.name} holds no pixels of one sample each", hint="flatten deep images first")
    chromaticities = header.get("chromaticities")
    return channels, None if chromaticities is None else tuple(float(number) for number in chromaticities)


def _size(window: object) -> tuple[int, int]:
    (left, top), (right, bottom) = np.asarray(window).astype(np.int64).tolist()
    return right - left + 1, bottom - top + 1


def _full(pixels: Floats, step_x: int, step_y: int, size: tuple[int, int]) -> Floats:
    """A subsampled channel, repeated to full resolution."""
    if step_x > 1 or step_y > 1:
        pixels = pixels.repeat(step_y, axis=0).repeat(step_x, axis=1)[: size[1], : size[0]]
    return pixels


def _placed(pixels: Floats, data: NDArray[np.int64], shown: NDArray[np.int64]) -> Floats:
    """What of the data window lies in the display window, the rest of which is black."""
    if (data == shown).all():
        return pixels
    width, height = _size(shown)
    result = np.zeros((height, width), np.float32)
    (left, top), (right, bottom) = np.maximum(data[0], shown[0]), np.minimum(data[1], shown[1]) + 1
    if right > left and bottom > top:
        result[top - shown[0][1] : bottom - shown[0][1], left - shown[0][0] : right - shown[0][0]] = pixels[
            top - data[0][1] : bottom - data[0][1], left - data[0][0] : right - data[0][0]
        ]
    return result


def _colour_layer(names: list[str]) -> str | None:
    layers = [match[1] for name in names if (match := re.fullmatch(r"(.*\.)?R", name)) is not None]
    prefixes = sorted(layer or "" for layer in layers)
    return next((layer for layer in prefixes if {layer + "G", layer + "B"} <= set(names)), None)


def _adapted(chromaticities: tuple[float, ...]) -> NDArray[np.float64]:
    """Linear RGB of these primaries and white to XYZ at D65 (Bradford adaptation)."""
    xy = np.asarray(chromaticities, np.float64).reshape(4, 2)
    primaries = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in xy]).T
    white = primaries[:, 3]
    to_xyz = primaries[:, :3] * np.linalg.solve(primaries[:, :3], white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    d65 = np.linalg.inv(srgb.XYZ_TO_RGB) @ np.ones(3)
    scale = np.diag((bradford @ d65) / (bradford @ white))
    adapted: NDArray[np.float64] = np.linalg.inv(bradford) @ scale @ bradford @ to_xyz
    return adapted
