"""Whether depth maps tell of the same surface."""

from __future__ import annotations

import numpy as np

from meshloom.kernels.stereo.agree import agree_rows

HEIGHT, WIDTH, FOCAL = 20, 30, 40.0


def compare(depth: np.ndarray, others: list[np.ndarray], step: float = 0.5, tolerance: float = 0.01):
    """Views side by side, each ``step`` further right."""
    count = len(others)
    shift = np.array([[-FOCAL * step * (n + 1), 0, 0] for n in range(count)], np.float32)
    turn = np.tile(np.eye(3, dtype=np.float32), (count, 1, 1))
    # K t for a camera at x = s is (-focal s, 0, 0): a pixel at depth z moves by -focal s / z.
    votes, mean = np.zeros(depth.shape, np.uint8), np.zeros(depth.shape, np.float32)
    sizes = np.tile(np.array([WIDTH, HEIGHT], np.int32), (count, 1))
    agree_rows(
        depth,
        np.stack(others),
        sizes,
        turn,
        shift,
        turn,
        -shift,
        np.float32(tolerance),
        0,
        HEIGHT,
        votes,
        mean,
    )
    return votes, mean


def wall(depth: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), depth, np.float32)


def test_views_of_one_wall_agree_where_both_see_it():
    votes, mean = compare(wall(10), [wall(10), wall(10)])
    assert (votes[:, :2] == 0).all(), "left of what the others see"
    assert (votes[:-1, 5:-1] == 2).all()
    assert np.allclose(mean, 10)


def test_a_view_that_differs_has_no_vote():
    votes, mean = compare(wall(10), [wall(10.05), wall(11)])
    assert (votes[:-1, 5:-1] == 1).all()
    assert np.allclose(mean[:-1, 5:-1], 10.025, atol=1e-3)


def test_unknown_depth_neither_votes_nor_is_judged():
    hole = wall(10)
    hole[5:10, 10:20] = 0
    votes, mean = compare(hole, [wall(10)])
    assert (votes[5:10, 10:20] == 0).all() and (mean[5:10, 10:20] == 0).all()
    votes, _ = compare(wall(10), [hole])
    assert (votes[6:9, 14:20] == 0).all() and votes[15, 15] == 1


def test_an_edge_of_depth_is_not_blended():
    """Between a near and a far wall there is nothing in the middle to agree with."""
    step = wall(10)
    step[:, 15:] = 20
    votes, _ = compare(wall(15), [step], step=0.0)
    assert not votes.any()
