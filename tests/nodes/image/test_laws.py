"""What holds for every node that makes a picture of a picture."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from meshloom.graph_runtime.signature import read_spec
from meshloom.graph_runtime.types import Image, Mask

#: Parameters that make the node do something, by node.
NODES = {
    "adjust": {"exposure": 0.5, "contrast": 1.2, "saturation": 1.3, "temperature": 5000.0},
    "auto_levels": {},
    "blend": {"mode": "overlay", "opacity": 0.7},
    "blur": {"kind": "gaussian", "radius": 2.0},
    "composite": {"opacity": 0.5, "x": 3},
    "curves": {"outputs": (0.0, 0.2, 0.5, 0.8, 1.0)},
    "denoise": {},
    "flip": {},
    "inpaint": {},
    "invert": {},
    "levels": {"black": 0.1, "gamma": 1.3},
    "pad": {"left": 2, "fill": "mirror"},
    "resize": {"by": "scale", "scale": 0.6},
    "rotate": {"angle": 20.0},
    "sharpen": {},
    "tone_map": {"method": "reinhard"},
}
#: Those that put no value where another was, so NaN stays at its place.
IN_PLACE = sorted(set(NODES) - {"blend", "composite", "flip", "pad", "resize", "rotate", "inpaint"})
MORE = {
    "blur": [{"kind": "median"}, {"kind": "median", "radius": 4.0}, {"kind": "bilateral"}, {"kind": "box"}],
    "tone_map": [{"method": "filmic"}, {"method": "drago"}, {"method": "mantiuk"}],
}


def call(name: str, image: Image, run: object, **parameters: object) -> Image:
    module = import_module(f"meshloom.nodes.image.{name}")
    function = getattr(module, name)
    spec = read_spec(function, f"image.{name}", module.__file__)
    given = dict(NODES[name], **parameters)
    values: list[object] = [image]
    if name in ("blend", "composite"):
        values.append(image)
    if name == "inpaint":
        coverage = np.zeros((image.height, image.width), np.float32)
        coverage[10:15, 20:24] = 1
        values.append(Mask(coverage))
    return function(*values, **given, **({"run": run} if spec.takes_run else {}))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("name", NODES)
def test_depth_alpha_and_name_are_kept_and_calls_repeat(picture, run, name, dtype, channels):
    image = picture(channels, dtype)
    before = image.pixels.tobytes()
    result = call(name, image, run)
    assert isinstance(result, Image)
    assert result.pixels.dtype == dtype
    assert result.pixels.shape[2] == channels
    assert result.name == "photo.png"
    assert np.isfinite(result.pixels).all()
    assert image.pixels.tobytes() == before
    assert call(name, image, run).pixels.tobytes() == result.pixels.tobytes()
    if channels == 4 and name in (
        "adjust",
        "auto_levels",
        "curves",
        "denoise",
        "invert",
        "levels",
        "sharpen",
    ):
        np.testing.assert_array_equal(result.pixels[:, :, 3], image.pixels[:, :, 3])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [(name, given) for name in NODES for given in [{}, *MORE.get(name, [])]],
)
def test_both_depths_agree(picture, run, name, parameters):
    eight = call(name, picture(3, "uint8"), run, **parameters)
    exact = call(name, Image(picture(3, "uint8").as_float()), run, **parameters)
    # Inpainting marches on from its own rounded values.
    tolerance = (4 if name == "inpaint" else 1.5) / 255
    np.testing.assert_allclose(eight.as_float(), np.clip(exact.pixels, 0, 1), atol=tolerance)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [(name, given) for name in IN_PLACE for given in [{}, *MORE.get(name, [])]],
)
def test_nan_does_not_spread(picture, run, name, parameters):
    pixels = picture(3, "float32").pixels.copy()
    pixels[12, 20, 1] = np.nan
    result = call(name, Image(pixels), run, **parameters)
    bad = ~np.isfinite(result.pixels).all(axis=2)
    assert bad[12, 20]
    assert bad.sum() == 1


@pytest.mark.parametrize("name", [name for name in NODES if name != "auto_levels"])
def test_one_pixel_is_a_picture_too(plain, run, name):
    if name == "inpaint":
        return
    result = call(name, plain([0.3, 0.4, 0.5], 1, 1), run)
    assert result.pixels.size >= 3


@pytest.mark.parametrize(
    "name", ["resize", "rotate", "flip", "pad", "blend", "blur", "sharpen", "adjust", "levels"]
)
def test_light_above_white_survives(plain, run, name):
    parameters = {"opacity": 0.5, "mode": "normal"} if name == "blend" else {}
    result = call(name, plain([5.0, 4.0, 3.0], 20, 20), run, **parameters)
    assert result.pixels[10, 10].min() > 2
