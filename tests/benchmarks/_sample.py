"""What is known of the sample photographs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from meshloom.graph_runtime.types import Cameras

PRESETS = Path(__file__).parents[2] / "presets"
SAMPLE = PRESETS / "samples" / "figurine"
TRUTH = SAMPLE / "truth"


def true_cameras() -> list[dict[str, Any]]:
    return json.loads((TRUTH / "cameras.json").read_text(encoding="utf-8"))["photos"]


def as_cameras(photos: list[dict[str, Any]]) -> Cameras:
    return Cameras(
        np.array([photo["intrinsics"] for photo in photos], np.float64),
        np.array([photo["extrinsics"] for photo in photos], np.float64),
        np.array([photo["size"] for photo in photos], np.int32),
        tuple(photo["name"] for photo in photos),
        np.array([photo["distortion"] for photo in photos], np.float64),
    )
