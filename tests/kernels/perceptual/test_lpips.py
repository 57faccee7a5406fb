"""LPIPS beside a plain computation in double precision, written from the paper and sharing nothing with it."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.kernels.perceptual.lpips import LAYOUTS, Lpips, own_name

#: (index, stride, padding, pool before) of convolutions; "|" after those whose features count.
ALEX = "0 4 2 0 |, 3 1 2 3 |, 6 1 1 3 |, 8 1 1 0 |, 10 1 1 0 |"
VGG = (
    "0 1 1 0, 2 1 1 0 |, 5 1 1 2, 7 1 1 0 |, 10 1 1 2, 12 1 1 0, 14 1 1 0 |, 17 1 1 2, 19 1 1 0, 21 1 1 0 |,"
    " 24 1 1 2, 26 1 1 0, 28 1 1 0 |"
)


def weights(network: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Random, of a size that keeps features alive to the end; heads positive as the published ones."""
    random = np.random.default_rng(seed)
    made = {}
    for name, shape in LAYOUTS[network].items():
        spread = np.sqrt(2 / np.prod(shape[1:])) if name.endswith("weight") else 0.1
        array = random.standard_normal(shape, np.float32) * np.float32(spread)
        made[name] = np.abs(array) if name.startswith("lin") else array
    return made


def windows(values: np.ndarray, width: int, step: int) -> np.ndarray:
    seen = np.lib.stride_tricks.sliding_window_view(values, (width, width), axis=(1, 2))
    return seen[:, ::step, ::step]


def features(picture: np.ndarray, held: dict[str, np.ndarray], plan: str) -> list[np.ndarray]:
    x = (picture.astype(np.float64) * 2 - 1 - np.array([-0.030, -0.088, -0.188])[:, None, None]) / np.array(
        [0.458, 0.448, 0.450]
    )[:, None, None]
    kept = []
    for words in plan.split(","):
        index, step, edge, pool, *tap = words.split()
        if pool != "0":
            x = windows(x, int(pool), 2).max(axis=(3, 4))
        x = np.pad(x, ((0, 0), (int(edge),) * 2, (int(edge),) * 2))
        kernel = held[f"features.{index}.weight"].astype(np.float64)
        seen = windows(x, kernel.shape[2], int(step))
        x = (
            np.tensordot(kernel, seen, axes=([1, 2, 3], [0, 3, 4]))
            + held[f"features.{index}.bias"][:, None, None]
        )
        x = np.maximum(x, 0)
        if tap:
            kept.append(x)
    return kept


def plainly(one: np.ndarray, other: np.ndarray, held: dict[str, np.ndarray], plan: str) -> float:
    total = 0.0
    for number, (a, b) in enumerate(zip(features(one, held, plan), features(other, held, plan), strict=True)):
        a, b = (f / (np.sqrt((f**2).sum(axis=0)) + 1e-10) for f in (a, b))
        total += float((held[f"lin{number}.weight"].reshape(-1, 1, 1) * (a - b) ** 2).sum(axis=0).mean())
    return total


def pictures(height: int, width: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    one = random.random((3, height, width), np.float32)
    return one, np.clip(one + random.normal(0, 0.1, one.shape), 0, 1).astype(np.float32)


@pytest.mark.parametrize(("network", "plan", "size"), [("AlexNet", ALEX, (67, 50)), ("VGG16", VGG, (34, 33))])
def test_it_is_the_published_sum(network, plan, size):
    held = weights(network)
    one, other = pictures(*size)
    expected = plainly(one, other, held, plan)
    found = Lpips(network, held).distance(one, other)
    assert expected > 0.01
    assert found == pytest.approx(expected, rel=2e-4)


def test_equal_pictures_are_at_no_distance_and_more_noise_is_farther():
    measure = Lpips("AlexNet", weights("AlexNet"))
    one, _ = pictures(64, 64)
    noise = np.random.default_rng(2).normal(0, 1, one.shape).astype(np.float32)
    found = [measure.distance(one, one + noise * level) for level in (0.0, 0.02, 0.1, 0.3)]
    assert found[0] == 0 and found == sorted(found) and found[1] > 0
    assert measure.distance(one, one + noise * 0.1) == pytest.approx(measure.distance(one + noise * 0.1, one))


def test_only_what_counts_counts():
    measure = Lpips("AlexNet", weights("AlexNet"))
    one, other = pictures(64, 128)
    left = np.zeros((64, 128), np.float32)
    left[:, :64] = 1
    patched = np.where(left > 0, other, one)
    whole, part = measure.distance(one, patched), measure.distance(one, patched, left)
    assert part == pytest.approx(measure.distance(one, patched, left * 0.5)) and part > 1.5 * whole
    assert measure.distance(one, patched, np.ones_like(left)) == pytest.approx(whole, rel=1e-6)
    with pytest.raises(ValueError, match="no pixel counts"):
        measure.distance(one, other, np.zeros_like(left))


def test_sizes_it_cannot_do_are_told_before_anything_is_taken():
    measure = Lpips("VGG16", weights("VGG16"))
    assert "needs 32 each way" in measure.refusal(31, 400)
    assert "GiB" in measure.refusal(8000, 6000) and measure.refusal(500, 400) == ""
    with pytest.raises(ValueError, match="too few"):
        measure.distance(np.zeros((3, 20, 40), np.float32), np.zeros((3, 20, 40), np.float32))


def test_it_can_be_stopped():
    class Stop(Exception): ...

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        Lpips("AlexNet", weights("AlexNet"), stop).distance(*pictures(40, 40))


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("features.10.bias", "features.10.bias"),
        ("net.slice5.28.weight", "features.28.weight"),
        ("lin3.model.1.weight", "lin3.weight"),
        ("module.lins.3.model.1.weight", "lin3.weight"),
        ("classifier.1.weight", None),
        ("scaling_layer.shift", None),
        ("linear1.weight", None),
    ],
)
def test_names_of_published_files(name, own):
    assert own_name(name) == own
