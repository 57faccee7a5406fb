"""What a training tells about itself."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.spec import Run
from meshloom.graph_runtime.types import Cameras
from meshloom.nodes.splats._measuring import Score, measure
from meshloom.nodes.splats._photos import counted
from meshloom.nodes.splats._training import Trainer
from meshloom.nodes.splats._values import SplatCheckpoint

#: Decibels by which photos that were trained on may be shown better than others before it is told.
SUSPICIOUS = 6.0


def advise(trainer: Trainer, last: SplatCheckpoint, scores: list[Score], run: Run) -> None:
    """Warn of what went wrong: gradients that were no numbers, photos too far apart."""
    if last.skipped:
        run.warn(f"{last.skipped} iterations had gradients that were no finite numbers; those were left out")
    if not scores:
        return
    scene, views = trainer.training.gaussians(), trainer.training.views
    known_ones = [index for index, view in enumerate(views) if counted(view)]
    if not known_ones:
        return
    known = [
        measure(
            trainer.rasteriser,
            scene,
            views[index],
            trainer.settings(),
            trainer.background(),
            trainer.training.camera(index),
        ).evened
        for index in known_ones[:: max(1, len(known_ones) // 4)]
    ]
    gap = float(np.mean(known)) - float(np.mean([score.evened for score in scores]))
    if gap > SUSPICIOUS:
        run.warn(
            f"photos that were trained on are shown {gap:.0f} dB better than those held out: the photos are too"
            " far apart or too few for what lies between them, or cameras are off. More photos help; so may"
            " refine_cameras"
        )


def moved_cameras(cameras: Cameras, trainer: Trainer, trained: list[int]) -> Cameras:
    """The cameras with what was learned of the places of the ``trained`` ones."""
    extrinsics = cameras.extrinsics.copy()
    for place, index in enumerate(trained):
        camera = trainer.training.camera(place)
        extrinsics[index] = np.column_stack([camera.rotation, camera.shift])
    return Cameras(cameras.intrinsics, extrinsics, cameras.sizes, cameras.names, cameras.distortion)
