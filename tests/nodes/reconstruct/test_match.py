from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from meshloom.graph_runtime.errors import Cancelled, NodeError
from meshloom.nodes.reconstruct._matching import match_descriptors
from meshloom.nodes.reconstruct._values import Features
from meshloom.nodes.reconstruct.features import features
from meshloom.nodes.reconstruct.match import chosen_pairs, match


@pytest.fixture(scope="module")
def world(photographs, arc):
    return photographs(arc[:4])


def found(images, run):
    return [features(image, run=run) for image in images]


def reference(first: np.ndarray, second: np.ndarray, ratio: float, max_angle: float) -> np.ndarray:
    """The same, the slow way."""
    angles = np.arccos(np.clip(first.astype(float) @ second.T.astype(float) / 512**2, -1, 1))
    forward, back = angles.argmin(1), angles.argmin(0)
    rows, columns = np.sort(angles, axis=1), np.sort(angles, axis=0)
    kept = [
        (i, j)
        for i, j in enumerate(forward)
        if back[j] == i
        and angles[i, j] <= max_angle
        and angles[i, j] < ratio * rows[i, 1]
        and angles[i, j] < ratio * columns[1, j]
    ]
    return np.array(kept, np.int32).reshape(-1, 2)


@pytest.mark.parametrize("threads", [1, 3])
def test_descriptors_match_as_exhaustive_search_says(threads):
    random = np.random.default_rng(0)

    def unit(count: int) -> np.ndarray:
        values = random.gamma(0.5, size=(count, 128))
        return np.clip(np.rint(512 * values / np.linalg.norm(values, axis=1, keepdims=True)), 0, 255).astype(
            np.uint8
        )

    first = unit(2300)
    noisy = np.clip(first[700:1500].astype(int) + random.integers(-9, 10, (800, 128)), 0, 255).astype(
        np.uint8
    )
    second = np.concatenate([unit(333), noisy, noisy[:50]])
    with ThreadPoolExecutor(threads) as pool:
        pairs = match_descriptors(first, second, 0.8, 0.7, pool, lambda: None)
        assert np.array_equal(pairs, reference(first, second, 0.8, 0.7))
        assert 740 < len(pairs) < 760
        for few in (0, 1):
            assert len(match_descriptors(first, second[:few], 0.8, 0.7, pool, lambda: None)) == 0


def test_matches_lie_on_the_same_points_of_the_world(world, run):
    images, truth = world
    matches = match(found(images, run), run=run)
    assert matches.names == truth.names
    assert matches.pairs.tolist() == [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]]
    assert (matches.counts > 60).all() and (matches.putative >= matches.counts).all()
    keypoints = [item.keypoints[:, :2] for item in found(images, run)]
    first, second = matches.pairs[0]
    inliers = matches.inliers[: matches.counts[0]]
    # On the epipolar lines of the true cameras.
    relative = [np.vstack([truth.extrinsics[k], [0, 0, 0, 1]]) for k in (first, second)]
    motion = relative[1] @ np.linalg.inv(relative[0])
    x, y, z = motion[:3, 3]
    essential = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ motion[:3, :3]
    inverse = np.linalg.inv(truth.intrinsics[0])
    ends = [
        np.column_stack([keypoints[k][inliers[:, i]], np.ones(len(inliers))])
        for i, k in enumerate((first, second))
    ]
    lines = ends[0] @ (inverse.T @ essential @ inverse).T
    distance = np.abs((lines * ends[1]).sum(1)) / np.linalg.norm(lines[:, :2], axis=1)
    assert np.median(distance) < 0.5 and (distance < 4).mean() > 0.97


def test_a_photo_added_later_is_matched_with_the_others_only(world, run):
    images, _ = world
    items = found(images, run)
    kept: dict[tuple[object, ...], object] = {}
    made: list[tuple[str, str]] = []

    def remember(kind, parts, make, returns):
        key = tuple(part.name if isinstance(part, Features) else part for part in parts)
        if key not in kept:
            made.append(key[:2])
            kept[key] = make()
        return kept[key]

    run.remember = remember
    match(items[:3], run=run)
    assert len(made) == 3
    whole = match(items, run=run)
    assert made[3:] == [(f"photo{i}.png", "photo3.png") for i in range(3)]
    match([items[1], items[3]], run=run)
    assert len(made) == 6
    match(items[:2], ratio=0.7, run=run)
    assert len(made) == 7
    fresh = match(items, run=run)
    assert np.array_equal(fresh.inliers, whole.inliers)


def test_photos_of_different_things_do_not_match(world, photographs, arc, run):
    other, _ = photographs(arc[:1], seed=50)
    item = found(other, run)[0]
    stranger = Features(
        "stranger", *(getattr(item, field) for field in list(Features.__dataclass_fields__)[1:])
    )
    matches = match([found(world[0][:1], run)[0], stranger], run=run)
    assert matches.counts.tolist() == [0] and len(matches.inliers) == 0


def test_sequential_pairs():
    assert chosen_pairs(5, "sequential", 2, False) == [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]
    closed = chosen_pairs(5, "sequential", 1, True)
    assert closed == [(0, 1), (1, 2), (2, 3), (0, 4), (3, 4)]
    assert chosen_pairs(3, "sequential", 10, True) == chosen_pairs(3, "exhaustive", 1, False)


def test_too_few_photos_and_equal_names_are_errors(world, run):
    item = found(world[0][:1], run)[0]
    for items, words in (
        ([], "no photos to match"),
        ([item], "only one photo"),
        ([item, item], "2 photos are named"),
    ):
        with pytest.raises(NodeError, match=words) as raised:
            match(items, run=run)
        assert raised.value.hint


def test_matching_can_be_cancelled_within_a_pair(world, run):
    items = found(world[0][:2], run)

    def stop() -> None:
        raise Cancelled

    run.check = stop
    with pytest.raises(Cancelled):
        match(items, run=run)
