"""Writes ``figurine/transforms.json``: the true cameras of ``figurine/photos`` as nerfstudio keeps them.

For workflows and programs that start from known cameras. Run it again after the sample itself was made again.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from meshloom.graph_runtime.formats.transforms import write_transforms
from meshloom.graph_runtime.types import Cameras

SAMPLE = Path(__file__).parent / "figurine"


def true_cameras(held_out: bool) -> Cameras:
    """The cameras of ``heldout`` or of ``photos``, from ``truth/cameras.json``."""
    told = json.loads((SAMPLE / "truth" / "cameras.json").read_text(encoding="utf-8"))["photos"]
    chosen = [photo for photo in told if photo["held_out"] == held_out]
    return Cameras(
        np.array([photo["intrinsics"] for photo in chosen], np.float64),
        np.array([photo["extrinsics"] for photo in chosen], np.float64),
        np.array([photo["size"] for photo in chosen], np.int32),
        tuple(photo["name"] for photo in chosen),
        np.array([photo["distortion"] for photo in chosen], np.float64),
    )


if __name__ == "__main__":
    (SAMPLE / "transforms.json").write_bytes(write_transforms(true_cameras(held_out=False), "photos") + b"\n")
