from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._light import luminance, to_linear, to_srgb
from meshloom.nodes.image._pixels import Floats, pointwise
from meshloom.nodes.image._white import adaptation

#: Mid grey (18 % reflectance) as an sRGB value: what contrast turns about.
MID_GREY = np.float32(0.4613561)


@node("Adjust", aliases=("exposure", "brightness", "contrast", "saturation", "white balance", "temperature"))
def adjust(
    image: Image,
    exposure: Annotated[float, Slider(-10, 10, unit="EV")] = 0.0,
    contrast: Annotated[float, Slider(0, 4)] = 1.0,
    saturation: Annotated[float, Slider(0, 4)] = 1.0,
    temperature: Annotated[float, Slider(2000, 15000, unit="K")] = 6500.0,
    tint: Annotated[float, Slider(-100, 100)] = 0.0,
    *,
    run: Run,
) -> Image:
    """Correct white balance, exposure, saturation and contrast, in this order.

    The first three work in linear light, as if done in the camera; contrast works on sRGB values. Nothing is
    clipped in a float picture.

    exposure: stops; +1 doubles the light
    contrast: 1 leaves the picture, 0 is flat mid grey; turns about 18 % grey
    saturation: 1 leaves the picture, 0 is grey of equal luminance
    temperature: of the light the photo was taken in, which becomes neutral; above 6500 K the result is warmer
    tint: positive is more magenta, negative more green
    """
    grey = image.pixels.shape[2] == 1
    balance = None if grey or (temperature == 6500 and tint == 0) else adaptation(temperature, tint)
    gain = np.float32(2.0**exposure)
    in_light = balance is not None or exposure != 0 or (saturation != 1 and not grey)

    def change(colours: Floats) -> Floats:
        if in_light:
            light = to_linear(colours) * gain
            if balance is not None:
                light = light @ balance.T
            if saturation != 1 and not grey:
                level = luminance(light)
                light = level + (light - level) * np.float32(saturation)
            colours = to_srgb(light)
        return (colours - MID_GREY) * np.float32(contrast) + MID_GREY if contrast != 1 else colours

    return pointwise(image, change, run, "adjusting")
