"""Colour channels by name."""

from __future__ import annotations

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image

NAMES = ("red", "green", "blue")


def channel_indices(image: Image, channel: str) -> tuple[int, ...]:
    """Which colour planes "all", "red", "green" or "blue" means in this picture."""
    if channel == "all":
        return tuple(range(min(image.pixels.shape[2], 3)))
    if image.pixels.shape[2] == 1:
        raise NodeError(
            f"a grey picture has no {channel} channel", hint='choose "all", or convert it to RGB first'
        )
    return (NAMES.index(channel),)
