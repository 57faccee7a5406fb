"""Kernels to compare in tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image
from meshloom.nodes.kernels._values import AttentionKernel
from meshloom.nodes.kernels.attention import attention


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine the threads of many small operations wait for each other most of the time."""
    import torch

    held = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(held)


@pytest.fixture
def model():
    """A Qwen-Image-Edit of real classes, three layers and random weights."""
    from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint

    return tiny_checkpoint()


@pytest.fixture
def photo():
    ramp = np.indices((64, 96)).sum(axis=0)[:, :, None] * np.array([1.1, 0.8, 0.5])
    return Image(ramp.clip(0, 255).astype(np.uint8), "ramp.png")


@pytest.fixture
def prompt(model, photo, warm_run):
    from meshloom.nodes.image.encode_prompt import encode_prompt

    return encode_prompt(model, [photo], "make it blue", run=warm_run)


@pytest.fixture
def chosen(run):
    """``chosen("sdpa.flash")`` is that kernel as a value."""

    def choose(kernel: str, **words: object) -> AttentionKernel:
        return attention(kernel, run=run, **words).kernel

    return choose
