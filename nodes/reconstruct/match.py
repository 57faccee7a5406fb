from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.nodes.reconstruct._matching import match_descriptors, verify
from meshloom.nodes.reconstruct._values import Features, Matches, PairMatches


@node("Match features", aliases=("correspondences", "structure from motion", "sfm", "pairs"))
def match(
    features: Sequence[Features],
    pairing: Literal["exhaustive", "sequential"] = "exhaustive",
    overlap: Annotated[int, Range(1, 1000)] = 8,
    closed: bool = False,
    ratio: Annotated[float, Slider(0.5, 1)] = 0.8,
    max_angle: Annotated[float, Slider(0.1, 1.5, unit="rad")] = 0.7,
    max_error: Annotated[float, Slider(0.5, 20, unit="px")] = 4.0,
    min_inliers: Annotated[int, Range(8, 1000)] = 15,
    *,
    run: Run,
) -> Matches:
    """Find the same spots in pairs of photos, and keep those that one motion of the camera explains.

    Every descriptor is compared with every other, exactly; a match must be the best both ways and pass the
    ratio test both ways. Then LO-RANSAC finds the two-view geometry (COLMAP). Each pair is remembered
    by its features: a photo added later is matched with the others only. A pair of 6000 features takes about
    0.2 s of CPU.

    features: one item a photo
    pairing: exhaustive tries all pairs; sequential only near ones, for videos and long walks
    overlap: sequential: how many photos ahead each photo is compared with
    closed: sequential: the last photos also meet the first ones
    ratio: best over second best distance, at most; higher finds more and errs more
    max_angle: descriptors further apart than this never match
    max_error: distance from the geometry at which a match still counts
    min_inliers: a pair with fewer agreeing matches counts as not overlapping
    """
    names = tuple(item.name for item in features)
    require_distinct(names)
    if len(features) < 2:
        raise NodeError(
            f"{'only one photo' if features else 'no photos'} to match; expected 2 or more, better 8",
            hint="add photos of the same thing from other places; overlap them by two thirds",
        )
    pairs = chosen_pairs(len(features), pairing, overlap, closed)
    found: list[PairMatches] = []
    pool = ThreadPoolExecutor(max(1, run.threads))
    try:
        for done, (i, j) in enumerate(pairs):
            run.progress(done, len(pairs), f"{names[i]} - {names[j]}")

            def make(first: Features = features[i], second: Features = features[j]) -> PairMatches:
                tentative = match_descriptors(
                    first.descriptors, second.descriptors, ratio, max_angle, pool, run.check
                )
                return verify(first, second, tentative, max_error, min_inliers)

            parts = [features[i], features[j], ratio, max_angle, max_error, min_inliers]
            found.append(run.remember("pair", parts, make, returns=PairMatches))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    run.progress(len(pairs), len(pairs), f"matched {len(pairs)} pairs")
    return Matches(
        names,
        np.array([len(item) for item in features], np.int32),
        np.array(pairs, np.int32),
        np.array([len(pair.inliers) for pair in found], np.int32),
        np.array([pair.putative for pair in found], np.int32),
        np.array([pair.configuration for pair in found], np.int32),
        np.stack([pair.matrices for pair in found]),
        np.concatenate([pair.inliers for pair in found]),
    )


def require_distinct(names: Sequence[str]) -> None:
    """Raise unless every photo has a name of its own: cameras are told apart by it."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        what = f"named {twice[0]!r}" if twice[0] else "without a name"
        raise NodeError(
            f"{Counter(names)[twice[0]]} photos are {what}; expected a different name for each",
            hint="load them together with photo.load_files, which tells equal names apart",
        )


def chosen_pairs(count: int, pairing: str, overlap: int, closed: bool) -> list[tuple[int, int]]:
    """Pairs (i, j) with i < j, in the order in which the later photo joins."""
    if pairing == "exhaustive":
        return [(i, j) for j in range(count) for i in range(j)]
    near = [(i, j) for j in range(count) for i in range(max(0, j - overlap), j)]
    if not closed:
        return near
    around = [(j - count, i) for i in range(count) for j in range(i + 1, i + overlap + 1) if j >= count]
    return sorted({*near, *(pair for pair in around if pair[0] < pair[1])}, key=lambda pair: pair[::-1])
