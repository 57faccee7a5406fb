"""Why a photo has no camera, or none has, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.reconstruct._values import Features, Matches

if TYPE_CHECKING:
    import networkx as nx

#: A photo with fewer features can hardly be placed.
FEW = 50
#: Matches that move less than this share of the photo's width show no parallax.
STILL = 0.002


class Overlaps:
    """Which photos overlap, from the matches."""

    def __init__(self, features: Sequence[Features], matches: Matches, least: int) -> None:
        import networkx as nx

        self.features, self.matches, self.least = features, matches, least
        self.graph: nx.Graph[int] = nx.Graph()
        self.graph.add_nodes_from(range(len(features)))
        for (first, second), count in zip(matches.pairs.tolist(), matches.counts.tolist(), strict=True):
            if count >= least:
                self.graph.add_edge(first, second, count=count)

    def best(self, photo: int) -> tuple[int, int | None, bool]:
        """Most agreeing matches of a photo with any other, which, and whether they stood the geometric check.

        Where none did, the most matches before the check.
        """
        pairs = self.matches.pairs
        mine = np.flatnonzero((pairs == photo).any(axis=1))
        if not len(mine):
            return 0, None, False
        verified = bool(self.matches.counts[mine].any())
        counts = self.matches.counts if verified else self.matches.putative
        top = int(mine[counts[mine].argmax()])
        return int(counts[top]), int(pairs[top].sum() - photo), verified

    def group(self, photo: int) -> set[int]:
        """The photos that can be reached from one by overlaps, itself included."""
        import networkx as nx

        return set(nx.node_connected_component(self.graph, photo))

    def moved(self) -> float:
        """Median shift of matches in the pairs that overlap, in units of the photo's width."""
        starts, shifts = self.matches.starts(), []
        for index, (first, second) in enumerate(self.matches.pairs):
            if self.matches.counts[index] >= self.least:
                inliers = self.matches.inliers[starts[index] : starts[index + 1]]
                one = self.features[first].keypoints[inliers[:, 0], :2] / self.features[first].width
                two = self.features[second].keypoints[inliers[:, 1], :2] / self.features[second].width
                shifts.append(float(np.median(np.linalg.norm(one - two, axis=1))))
        return float(np.median(shifts)) if shifts else 0.0


def why_not(photo: int, placed: set[int], elsewhere: Sequence[set[int]], overlaps: Overlaps) -> str:
    """Why ``photo`` is not among the ``placed``. ``elsewhere``: the photos of the other models."""
    features = overlaps.features
    count = len(features[photo])
    if count < FEW:
        return f"only {count} features: blank, blurred, too dark or masked out"
    best, partner, verified = overlaps.best(photo)
    if partner is None:
        return "was compared with no other photo"
    name = features[partner].name
    if not verified:
        return (
            f"shares nothing with the others: the best of {best} matches with {name} do not agree on a motion"
        )
    for other in elsewhere:
        if photo in other:
            return f"in a separate model of {len(other)} photos that shares too little with this one"
    if not overlaps.group(photo) & placed:
        return f"overlaps only photos that are not placed either: best {name}, {best} matches"
    return f"its position could not be found: {best} matches with {name}, too few or without parallax"


def no_pair(overlaps: Overlaps) -> NodeError:
    """The error for photos of which no two overlap."""
    features = overlaps.features
    empty = [item.name for item in features if len(item) < FEW]
    if len(empty) == len(features):
        return NodeError(
            f"the {len(features)} photos hold next to no features (fewer than {FEW} each)",
            hint="take sharp, well lit photos of something with texture; plain walls and glass do not work",
        )
    best = max(range(len(features)), key=lambda photo: (overlaps.best(photo)[2], overlaps.best(photo)[0]))
    count, partner, _ = overlaps.best(best)
    told = "" if partner is None else f"; the best are {features[best].name} and {features[partner].name}"
    return NodeError(
        f"no two of the {len(features)} photos overlap enough to be placed: at least {overlaps.least} "
        f"matches must agree on one motion of the camera{told} with {count} matches that do not",
        hint="use photos of the same thing that overlap by two thirds, with texture and in the same light",
    )


def no_model(overlaps: Overlaps) -> NodeError:
    """The error for photos that overlap, and still give no model."""
    count = len(overlaps.features)
    if overlaps.moved() < STILL:
        return NodeError(
            f"the {count} photos show the same view: what they share does not move between them, so that "
            "nothing tells its distance",
            hint="move the camera a step aside between photos, instead of taking several from one place",
        )
    best = max(overlaps.matches.counts.tolist(), default=0)
    return NodeError(
        f"the {count} photos overlap (up to {best} matches), but no two of them could start a model: too few "
        "matches, or the camera only turned or zoomed",
        hint="walk around the thing instead of turning on the spot; 10 to 20 degrees between photos is best",
    )
