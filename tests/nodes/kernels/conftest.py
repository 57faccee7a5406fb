"""Kernels to compare in tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
def chosen(run):
    """``chosen("sdpa.flash")`` is that kernel as a value."""

    def choose(kernel: str, **words: object) -> AttentionKernel:
        return attention(kernel, run=run, **words).kernel

    return choose
