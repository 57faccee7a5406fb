"""How far two shapes are apart, as figures, colours and a plot."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Bars of the histogram, which reaches to so many thresholds.
BARS, REACH = 50, 4.0
#: Colours (sRGB) of distances 0, 1/2, 1, 2 and 4 thresholds and more.
RAMP = np.array([(49, 54, 149), (116, 173, 209), (255, 255, 191), (244, 109, 67), (165, 0, 38)], np.float64)
STOPS = np.array([0.0, 0.5, 1.0, 2.0, 4.0])


def scores(there: Floats, back: Floats, threshold: float, diagonal: float) -> dict[str, float]:
    """``there``: distances from the tested shape to the reference; ``back``: from the reference to it.

    Precision is the share of ``there`` within the threshold, completeness that of ``back``, the F-score their
    harmonic mean (Knapitsch et al., Tanks and Temples, 2017).
    """
    precision, recall = float((there <= threshold).mean()), float((back <= threshold).mean())
    score = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    figures = {
        "F-score": score,
        "accuracy": precision,
        "completeness": recall,
        "threshold": threshold,
        "threshold / diagonal": threshold / diagonal,
        "reference diagonal": diagonal,
        "Chamfer distance": float((there.mean() + back.mean()) / 2),
        "Chamfer distance / diagonal": float((there.mean() + back.mean()) / 2 / diagonal),
        "Hausdorff distance": float(max(there.max(), back.max())),
    }
    for name, distance in (("to reference", there), ("from reference", back)):
        figures[f"mean distance {name}"] = float(distance.mean())
        figures[f"median distance {name}"] = float(np.median(distance))
        figures[f"90 % distance {name}"] = float(np.quantile(distance, 0.9))
    return figures


def colours(distance: Floats, threshold: float) -> NDArray[np.uint8]:
    """(P, 3): blue on the reference, yellow at the threshold, red from four thresholds on."""
    place = distance / threshold
    return np.rint(np.stack([np.interp(place, STOPS, RAMP[:, c]) for c in range(3)], axis=1)).astype(np.uint8)


def histogram(distance: Floats, threshold: float) -> tuple[Floats, Floats]:
    """Middles of the bars and the share of the surface in each, in per cent; the last holds all beyond, too."""
    edges = np.linspace(0.0, REACH * threshold, BARS + 1)
    counts, _ = np.histogram(np.minimum(distance, edges[-1]), bins=edges)
    return (edges[:-1] + edges[1:]) / 2, counts / len(distance) * 100.0
