from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Seed, node
from meshloom.graph_runtime.types import Cameras, PointCloud, Table
from meshloom.nodes.reconstruct._colmap import write_database
from meshloom.nodes.reconstruct._mapping import global_, incremental
from meshloom.nodes.reconstruct._model import Model, read_model
from meshloom.nodes.reconstruct._reasons import Overlaps, no_model, no_pair, why_not
from meshloom.nodes.reconstruct._values import Features, Matches

REPORT_COLUMNS = (
    "photo",
    "placed",
    "features",
    "points",
    "error_px",
    "focal_px",
    "best_partner",
    "matches",
    "why",
)


class Mapped(NamedTuple):
    """cameras: the photos that could be placed, in the order given
    points: what they see, coloured, with which camera saw which point
    report: one row a photo: placed or not and why, points seen, reprojection error
    summary: figures of the whole: photos placed, points, mean reprojection error, track length, models
    """

    cameras: Cameras
    points: PointCloud
    report: Table
    summary: Table


@node("Place cameras", aliases=("structure from motion", "sfm", "mapper", "camera poses", "colmap", "glomap"))
def map_cameras(
    features: Sequence[Features],
    matches: Matches,
    mapper: Literal["incremental", "global"] = "incremental",
    intrinsics: Literal["shared", "per-photo"] = "shared",
    camera_model: Literal["simple_radial", "radial", "opencv", "simple_pinhole", "pinhole"] = "simple_radial",
    min_matches: Annotated[int, Range(8, 1000)] = 15,
    seed: Annotated[int, Seed()] = 0,
    *,
    run: Run,
) -> Mapped:
    """Find where each photo was taken and with what lens, and the points they see: structure from motion.

    COLMAP's mappers on one thread with a fixed seed, so that equal input gives equal output. Focal lengths
    start from Exif, or 1.2 times the longer side, and are refined. Of separate models the largest is given.

    World: y down along gravity (square to the horizontal lines of all photos), the origin where the photos
    look, distance 1 how far they usually are from what they see, the first photo looking along +z. The true
    scale cannot be known from photos.

    features: one item a photo, the ones that were matched
    matches: from reconstruct.match
    mapper: incremental adds photo after photo, and is robust; global places all at once, for large sets with
      known focal lengths
    intrinsics: shared: photos of equal size and focal length share one lens; per-photo: each its own
    camera_model: what the lens may do: simple_radial one focal length and k1; radial k1, k2; opencv two
      focal lengths, k1, k2, p1, p2; simple_pinhole and pinhole no distortion
    min_matches: pairs with fewer matches do not count as overlapping
    seed: of the random sampling; the same seed gives the same result
    """
    _check(features, matches)
    overlaps = Overlaps(features, matches, min_matches)
    if not overlaps.graph.number_of_edges():
        raise no_pair(overlaps)
    run.progress(0, len(features) + 1, "preparing")
    database = run.scratch / "matches.db"
    write_database(database, features, matches, camera_model, intrinsics == "shared")
    place = incremental if mapper == "incremental" else global_
    models = place(database, len(features), min_matches, seed, run)
    models = [model for model in models if model.num_reg_images() >= 2 and model.num_points3D() > 0]
    if not models:
        raise no_model(overlaps)
    model = read_model(models[0], features, run)
    # A first try that stalled stays in the list, although a later one holds all its photos.
    placed = set(model.photos)
    others = [{image_id - 1 for image_id in other.reg_image_ids()} - placed for other in models[1:]]
    others = [other for other in others if len(other) > 1]
    report = _report(features, model, others, overlaps)
    missing = len(features) - len(model.photos)
    if missing:
        run.warn(f"{missing} of {len(features)} photos could not be placed; the report says why")
    if others:
        sizes = ", ".join(str(len(other)) for other in others)
        run.warn(f"the photos fall apart into {len(others) + 1} models; left out: those of {sizes} photos")
    return Mapped(model.cameras, model.points, report, _summary(features, model, len(others) + 1))


def _check(features: Sequence[Features], matches: Matches) -> None:
    if len(features) < 2:
        raise NodeError(
            f"{'only one photo' if features else 'no photos'} to place; expected 2 or more, better 8",
            hint="add photos of the same thing from other places",
        )
    names = tuple(item.name for item in features)
    sizes = [len(item) for item in features]
    if names != matches.names or sizes != matches.sizes.tolist():
        raise NodeError(
            f"the matches are of other features: {len(matches.names)} photos against {len(features)}, or in "
            "another order",
            hint="connect the same features to reconstruct.match and reconstruct.map_cameras",
        )


def _report(
    features: Sequence[Features], model: Model, others: Sequence[set[int]], overlaps: Overlaps
) -> Table:
    observed = model.points.observations
    assert observed is not None
    placed = set(model.photos)
    rows: list[tuple[Any, ...]] = []
    for photo, item in enumerate(features):
        count, partner, verified = overlaps.best(photo)
        shared = (features[partner].name if partner is not None else None, count if verified else 0)
        if photo not in placed:
            reason = why_not(photo, placed, others, overlaps)
            rows.append((item.name, "no", len(item), 0, None, None, *shared, reason))
            continue
        camera = model.photos.index(photo)
        errors = model.errors[observed[:, 1] == camera]
        error = round(float(errors.mean()), 3) if len(errors) else None
        focal = round(float(model.cameras.intrinsics[camera, 0, 0]), 1)
        rows.append((item.name, "yes", len(item), len(errors), error, focal, *shared, ""))
    return Table(REPORT_COLUMNS, tuple(rows))


def _summary(features: Sequence[Features], model: Model, models: int) -> Table:
    points, seen = len(model.points), len(model.errors)
    return Table(
        ("figure", "value"),
        (
            ("photos", len(features)),
            ("photos placed", len(model.photos)),
            ("points", points),
            ("observations", seen),
            ("mean track length", round(seen / points, 2)),
            ("mean reprojection error (px)", round(float(np.mean(model.errors)), 3)),
            ("separate models", models),
        ),
    )
