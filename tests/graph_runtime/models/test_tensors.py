"""A network told by its tensors."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.tensors import read_network

LAYOUTS = {"small": {"a": (2, 3), "b": (2,)}, "large": {"a": (4, 3), "b": (4,), "c": (1,)}}


def own(name: str) -> str | None:
    return name.removeprefix("net.") if name != "optimiser" else None


def file(tmp_path, name="w.safetensors", **tensors):
    path = tmp_path / name
    save_file(tensors, path)
    return path


def test_parts_are_gathered_from_several_files_and_told_apart_by_shape(tmp_path):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 3)).astype(np.float32), random.normal(size=2).astype(np.float16)
    files = [
        file(tmp_path, "one.safetensors", **{"net.a": a, "optimiser": a}),
        file(tmp_path, "two.safetensors", b=b),
    ]
    network, found = read_network(files, LAYOUTS, own, "tests")
    assert network == "small" and list(found) == ["a", "b"]
    assert np.array_equal(found["a"], a) and found["b"].dtype == np.float32
    assert np.array_equal(found["b"], b.astype(np.float32))


def test_brain_floats_are_read(tmp_path):
    import torch
    from safetensors.torch import save_file as save

    path = tmp_path / "w.safetensors"
    held = {"a": torch.arange(6.0).reshape(2, 3).bfloat16(), "b": torch.ones(2).bfloat16()}
    save(held, str(path))
    assert read_network([path], LAYOUTS, own, "tests")[1]["a"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_what_is_missing_is_named(tmp_path):
    four = np.zeros((4, 3), np.float32)
    with pytest.raises(ModelError, match=r"for tests with large, 2 of 3 tensors are missing: b, c"):
        read_network([file(tmp_path, a=four)], LAYOUTS, own, "tests")
    with pytest.raises(ModelError, match=r"none of the tensors is one of tests") as caught:
        read_network([file(tmp_path, optimiser=four)], LAYOUTS, own, "tests")
    assert "small or large" in caught.value.hint


def test_another_shape_is_named(tmp_path):
    path = file(tmp_path, **{"net.a": np.zeros((5, 3), np.float32), "b": np.zeros(2, np.float32)})
    with pytest.raises(ModelError, match=r"net.a is \[5, 3\], expected \[2, 3\]"):
        read_network([path], LAYOUTS, own, "tests")


def test_whole_numbers_and_what_is_no_number_are_refused(tmp_path):
    b = np.zeros(2, np.float32)
    with pytest.raises(ModelError, match="a is I32"):
        read_network([file(tmp_path, a=np.zeros((2, 3), np.int32), b=b)], LAYOUTS, own, "tests")
    with pytest.raises(ModelError, match="no finite numbers"):
        read_network([file(tmp_path, a=np.full((2, 3), np.nan, np.float32), b=b)], LAYOUTS, own, "tests")


def test_pickles_are_not_opened(tmp_path):
    path = tmp_path / "alex.pth"
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(ModelError, match="pickled") as caught:
        read_network([path], LAYOUTS, own, "tests")
    assert "meshloom models convert" in caught.value.hint


def test_damaged_files_are_told(tmp_path):
    head = json.dumps({"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * 10)
    with pytest.raises(ModelError, match="cut short"):
        read_network([path], LAYOUTS, own, "tests")
    with pytest.raises(ModelError, match="cannot be read"):
        read_network([tmp_path / "absent.safetensors"], LAYOUTS, own, "tests")
