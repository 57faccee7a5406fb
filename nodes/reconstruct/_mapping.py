"""COLMAP's mappers, run so that they report progress, can be cancelled and always give the same result."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.spec import Run
from meshloom.nodes.reconstruct._colmap import colmap
from meshloom.nodes.reconstruct._native import interruptible

#: Ceres adds up in the order in which threads finish: more than one gives other last digits each run.
THREADS = 1


def incremental(database: Path, photos: int, min_matches: int, seed: int, run: Run) -> list[Any]:
    """Reconstructions by adding photo after photo (Schoenberger and Frahm 2016), the largest first."""
    pycolmap = colmap()
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = THREADS
    options.random_seed = seed
    options.extract_colors = False
    options.min_num_matches = min_matches
    options.min_model_size = 3
    options.mapper.abs_pose_min_num_inliers = max(10, min(30, 2 * min_matches))
    if photos == 2:
        # Two views do not fix the lens, and all their points are seen just twice.
        options.ba_refine_focal_length = False
        options.ba_refine_extra_params = False
        options.mapper.abs_pose_refine_focal_length = False
        options.mapper.abs_pose_refine_extra_params = False
        options.triangulation.ignore_two_view_tracks = False
        options.mapper.init_min_tri_angle = 4.0
    placed = _Counter()
    token = pycolmap.CancellationToken()
    target = database.parent / "models"
    target.mkdir()

    def work() -> dict[int, Any]:
        return dict(
            pycolmap.incremental_mapping(
                database,
                database.parent,
                target,
                options,
                initial_image_pair_callback=lambda: placed.add(2),
                next_image_callback=placed.add,
                cancellation_token=token,
            )
        )

    def tick() -> None:
        run.progress(
            min(placed.count, photos), photos + 1, f"placed {min(placed.count, photos)} of {photos} photos"
        )

    return _by_size(interruptible(work, tick, token.cancel))


def global_(database: Path, photos: int, min_matches: int, seed: int, run: Run) -> list[Any]:
    """Reconstructions of all photos at once (GLOMAP; Pan et al. 2024), the largest first."""
    pycolmap = colmap()
    options = pycolmap.GlobalPipelineOptions()
    options.num_threads = THREADS
    options.mapper.num_threads = THREADS
    options.random_seed = seed
    options.min_num_matches = min_matches
    options.min_model_size = 2
    options.mapper.global_positioning.use_gpu = False
    options.mapper.bundle_adjustment.ceres.use_gpu = False
    if photos == 2:
        options.mapper.bundle_adjustment.refine_focal_length = False
        options.mapper.bundle_adjustment.refine_extra_params = False
    stages = _Counter()
    stopped = threading.Event()

    def step() -> None:
        stages.add()
        if stopped.is_set():
            raise InterruptedError("cancelled")

    def work() -> Any:
        manager = pycolmap.ReconstructionManager()
        with pycolmap.Database.open(str(database)) as opened:
            pipeline = pycolmap.GlobalPipeline(options, opened, manager)
            for kind in pycolmap.GlobalPipelineCallback.__members__.values():
                pipeline.add_callback(int(kind), step)
            pipeline.run()
        return manager

    def tick() -> None:
        run.progress(min(stages.count, 6), 7, "placing all photos at once")

    manager = interruptible(work, tick, stopped.set)
    return _by_size({index: manager.get(index) for index in range(manager.size())})


class _Counter:
    """Counts calls that come from another thread."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, more: int = 1) -> None:
        self.count += more


def _by_size(models: dict[int, Any]) -> list[Any]:
    size: Callable[[Any], tuple[int, int]] = lambda model: (model.num_reg_images(), model.num_points3D())  # noqa: E731
    return sorted((models[key] for key in sorted(models)), key=size, reverse=True)
