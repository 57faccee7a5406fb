from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._holes import filled, restored
from meshloom.nodes.image._light import linear_colours, to_linear, to_srgb
from meshloom.nodes.image._pixels import Floats, alpha_of, pointwise, rebuilt


@node("Tone map", aliases=("hdr", "reinhard", "drago", "mantiuk", "filmic", "aces", "exposure"))
def tone_map(
    image: Image,
    method: Literal["filmic", "reinhard", "drago", "mantiuk"] = "filmic",
    exposure: Annotated[float, Slider(-10, 10, unit="EV")] = 0.0,
    intensity: Annotated[float, Slider(-8, 8)] = 0.0,
    contrast: Annotated[float, Slider(0.1, 1)] = 0.85,
    saturation: Annotated[float, Slider(0, 2)] = 1.0,
    *,
    run: Run,
) -> Image:
    """Bring a picture with more light than a screen can show (HDR) into 0..1. Alpha is kept.

    "filmic" treats each pixel by itself, so equal light gives equal colour in all pictures; the others of
    OpenCV adapt to the picture. The result is float where the picture is; image.convert makes it 8-bit.

    method: "filmic" is a curve with soft highlights (ACES, fit by Narkowicz 2015), "reinhard" adapts like
      the eye (Reinhard, Devlin 2005), "drago" is logarithmic (Drago et al. 2003), "mantiuk" compresses
      local contrast (Mantiuk et al. 2006)
    exposure: stops, before mapping; reinhard, drago and mantiuk measure the picture themselves and take no
      notice
    intensity: reinhard only: higher is brighter
    contrast: drago: the bias, lower is brighter; mantiuk: how much local contrast is kept
    saturation: drago and mantiuk
    """
    if method == "filmic":
        gain = np.float32(2.0**exposure)
        return pointwise(
            image, lambda colours: to_srgb(_filmic(to_linear(colours) * gain)), run, "mapping tones"
        )
    import cv2

    run.progress(0, 1, "mapping tones")
    light = linear_colours(image)
    alpha = alpha_of(image)
    clean, bad = filled(light, alpha)
    grey = clean.shape[2] == 1
    # Its operators take logarithms of colour pictures in BGR, and stretch whatever they get to 0..1.
    given = np.ascontiguousarray(np.maximum(np.repeat(clean, 3, axis=2) if grey else clean[:, :, ::-1], 1e-6))
    # Mantiuk builds a pyramid, which wants two pixels to begin with.
    short = [max(0, 2 - length) for length in given.shape[:2]]
    given = np.pad(given, ((0, short[0]), (0, short[1]), (0, 0)), mode="edge")
    if float(given.max()) - float(given.min()) < 1e-6:
        return pointwise(image, lambda colours: np.clip(colours, 0, 1), run, "mapping tones")
    if method == "reinhard":
        operator = cv2.createTonemapReinhard(1.0, intensity, 0.8, 0.0)
    elif method == "drago":
        operator = cv2.createTonemapDrago(1.0, saturation, contrast)
    else:
        operator = cv2.createTonemapMantiuk(1.0, contrast, saturation)
    # Some warn about OpenCV's own future on every call, which is none of the user's business.
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        mapped = operator.process(given)
    finally:
        cv2.utils.logging.setLogLevel(level)
    mapped = np.clip(np.nan_to_num(mapped), 0, 1)[: image.height, : image.width, ::-1]
    mapped = mapped.mean(axis=2, keepdims=True) if grey else mapped
    return rebuilt(image, restored(mapped, light, bad), alpha, run, "storing", linear=True)


def _filmic(light: Floats) -> Floats:
    """Linear light to linear 0..1."""
    with np.errstate(invalid="ignore", over="ignore"):
        # Beyond this all is white, and squares would overflow.
        x = np.clip(light, 0, np.float32(1e6)) * np.float32(0.6)
        return np.clip((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14), 0, 1).astype(np.float32)
