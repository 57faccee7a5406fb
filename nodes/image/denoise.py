from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._holes import filled, restored
from meshloom.nodes.image._pixels import Floats, alpha_of, colours_of, rebuilt

#: BT.601 luma and colour differences of stored RGB.
TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)

#: Pixels times window area done between two words to the user.
BATCH = 1 << 27


@node("Denoise", aliases=("noise reduction", "non-local means", "nlm", "grain"))
def denoise(
    image: Image,
    strength: Annotated[float, Slider(0, 4)] = 1.0,
    colour_strength: Annotated[float, Slider(0, 4)] = 1.5,
    search: Annotated[int, Range(5, 41, step=2, unit="px")] = 17,
    patch: Annotated[int, Range(3, 11, step=2, unit="px")] = 5,
    *,
    run: Run,
) -> Image:
    """Remove noise and keep detail: each pixel is averaged with others whose surroundings look alike.

    Non-local means (Buades, Coll, Morel 2005; OpenCV) on brightness and colour apart, in 16 bits. The noise
    is measured in the picture first (Immerkaer 1996), so that strength means the same for any camera. Alpha
    is kept; NaN pixels stay and lend nothing.

    strength: for brightness; 1 is matched to the noise that was measured
    colour_strength: for colour noise, of which more can go unseen
    search: width of the window in which alike pixels are looked for
    patch: width of the surroundings that are compared
    """
    colours, alpha = colours_of(image), alpha_of(image)
    clean, bad = filled(colours, alpha)
    planes = clean @ TO_YCC.T if clean.shape[2] == 3 else clean
    strengths = [strength, colour_strength, colour_strength][: planes.shape[2]]
    done = []
    for index, wanted in enumerate(strengths):
        plane = np.ascontiguousarray(planes[:, :, index])
        done.append(_means(plane, wanted, search | 1, patch | 1, run, index, len(strengths)))
    result = np.stack(done, axis=2)
    if result.shape[2] == 3:
        result = result @ np.linalg.inv(TO_YCC).T
    result = restored(result.astype(np.float32), colours, bad)
    return rebuilt(image, result, alpha, run, "storing")


def noise_level(plane: Floats) -> float:
    """Standard deviation of the noise of ``plane``: the response to a filter blind to edges and ramps.

    The median stands where Immerkaer sums, so that texture in part of the picture does not count as noise.
    """
    import cv2

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = cv2.filter2D(plane, cv2.CV_32F, kernel)[1:-1, 1:-1]
    # The kernel's norm is 6; 0.6745 is the median of |x| for a unit normal.
    return float(np.median(np.abs(response))) / (6 * 0.6745) if response.size else 0.0


def _means(
    plane: Floats, strength: float, search: int, patch: int, run: Run, index: int, count: int
) -> Floats:
    import cv2

    noise = noise_level(plane)
    low, high = float(plane.min()), float(plane.max())
    if strength == 0 or noise == 0 or low == high:
        return plane
    scale = 65535 / (high - low)
    steps = np.rint((plane - low) * scale).astype(np.uint16)
    # OpenCV compares mean absolute differences in 16 bits; those of pure noise are 1.13 standard deviations.
    width = float(strength * noise * scale * 1.13)
    reach = search // 2 + patch // 2 + 1
    rows = max(8, BATCH // (plane.shape[1] * search * search))
    result = np.empty_like(steps)
    for top in range(0, len(plane), rows):
        run.progress(index + top / len(plane), count, "removing noise")
        first, last = max(0, top - reach), min(len(plane), top + rows + reach)
        strip = cv2.fastNlMeansDenoising(steps[first:last], [width], None, patch, search, cv2.NORM_L1)
        result[top : top + rows] = strip[top - first : top - first + rows]
    return result.astype(np.float32) / np.float32(scale) + np.float32(low)
