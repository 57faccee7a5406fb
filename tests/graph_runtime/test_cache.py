"""The two tiers as one: what is held, what may leave, what is told apart."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.cache import Cache, Items, Missing
from meshloom.graph_runtime.disk import DiskStore
from meshloom.graph_runtime.types import File, Image, Table


def picture(level: float, side: int = 64) -> Image:
    return Image(np.full((side, side, 3), level, np.float32))


def test_equal_values_are_one_and_later_ones_are_known(tmp_path: Path) -> None:
    cache = Cache()
    first, second = picture(1), picture(1)
    a, b = cache.put("a", [first], 0), cache.put("b", [second], 0)
    assert a.outputs == b.outputs
    assert cache.memory_bytes < 2 * first.pixels.nbytes
    assert cache.digest(second) == cache.digest(first) == a.outputs[0]
    assert cache.digest(1) != cache.digest(1.0) != cache.digest(True)


def test_digests_of_values_that_are_gone_are_forgotten() -> None:
    cache = Cache(0)
    digests = {cache.digest(picture(level)) for level in range(20)}
    gc.collect()
    assert len(digests) == 20
    assert len(cache._digests) <= 1


def test_a_list_is_kept_item_by_item_and_loads_when_asked(tmp_path: Path) -> None:
    cache = Cache(0, DiskStore(tmp_path))
    record = cache.put("k", [[picture(0), picture(1), picture(0)], []], 0)
    cache.flush()
    assert cache.memory_bytes == 0
    images, nothing = cache.fetch(record.outputs[0]), cache.fetch(record.outputs[1])
    assert isinstance(images, Items)
    assert [float(image.pixels[0, 0, 0]) for image in images] == [0, 1, 0]
    assert images.digests[0] == images.digests[2]
    assert isinstance(images[1:], Items)
    assert (len(images[1:]), len(nothing), list(nothing)) == (2, 0, [])
    assert cache.put("l", [images[1:]], 0).outputs == (images.digests[1:],)
    cache.close()


def test_files_of_no_bytes_and_tables_of_no_rows(tmp_path: Path) -> None:
    cache = Cache(0, DiskStore(tmp_path))
    record = cache.put("k", [File("a", np.frombuffer(b"", np.uint8)), Table((), ()), ""], 0)
    cache.flush()
    assert cache.load(record.outputs[0]).data.shape == (0,)
    assert cache.load(record.outputs[1]).rows == ()
    assert cache.load(record.outputs[2]) == ""
    cache.close()


@pytest.mark.parametrize("disk", [True, False])
def test_what_is_needed_stays_and_the_rest_leaves(tmp_path: Path, disk: bool) -> None:
    cache = Cache(200_000, DiskStore(tmp_path) if disk else None)
    needed = cache.put("n", [picture(0)], 0, live=True).outputs[0]
    refs = [cache.put(f"k{level}", [picture(level)], 0).outputs[0] for level in range(1, 20)]
    cache.flush()
    assert cache.memory_bytes <= 200_000
    assert cache.load(needed).pixels[0, 0, 0] == 0
    if disk:
        assert [cache.load(ref).pixels[0, 0, 0] for ref in refs] == list(range(1, 20))
    else:
        with pytest.raises(Missing):
            cache.load(refs[0])
        cache.let_go(needed)
        for level in range(20, 30):
            cache.put(f"k{level}", [picture(level)], 0)
        assert not cache.holds(needed)
    cache.close()


def test_dear_values_stay_longer_than_cheap_ones() -> None:
    cache = Cache(300_000)
    dear = cache.put("dear", [picture(0)], 60.0).outputs[0]
    for level in range(1, 9):
        cache.put(f"k{level}", [picture(level)], 0.001)
    assert cache.holds(dear)


def test_a_disk_that_fills_up_midway_bounds_memory_all_the_same(tmp_path: Path) -> None:
    said: list[str] = []
    store = DiskStore(tmp_path, on_trouble=said.append)
    cache = Cache(300_000, store)
    cache.put("k", [picture(0)], 0)
    cache.flush()
    blobs = tmp_path / "v1/blobs"
    blobs.rename(tmp_path / "elsewhere")
    blobs.write_bytes(b"")
    live = []
    for level in range(1, 40):
        live.append(cache.put(f"k{level}", [picture(level)], 0, live=True).outputs[0])
        if level > 10:
            cache.let_go(live[level - 10])
            cache.flush()
    assert len(said) == 1
    assert cache.memory_bytes < 12 * picture(0).pixels.nbytes
    assert all(cache.holds(ref) for ref in live[-5:])
    cache.close()


def test_threads_may_do_everything_at_once(tmp_path: Path) -> None:
    cache = Cache(150_000, DiskStore(tmp_path))
    wrong: list[object] = []

    def work(seed: int) -> None:
        try:
            for step in range(25):
                level = (seed * 7 + step) % 12
                record = cache.record(f"k{level}") or cache.put(f"k{level}", [picture(level)], 0)
                if cache.load(str(record.outputs[0])).pixels[0, 0, 0] != level:
                    wrong.append((seed, step))
                cache.digest(picture(level))
                if step % 9 == 0:
                    cache.drop([f"k{level}"])
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert cache.disk is not None
    assert cache.disk.verify() == []
    cache.close()


def test_what_cannot_be_stored_leaves_nothing_behind() -> None:
    cache = Cache()
    make: Callable[[], object] = lambda: cache.put("k", [picture(0), object()], 0)  # noqa: E731
    with pytest.raises(TypeError, match="object is no value"):
        make()
    assert cache.record("k") is None
    assert cache.memory_bytes == 0
