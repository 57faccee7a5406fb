from __future__ import annotations

from meshloom.nodes.image.size import size


def test_tells_size_channels_and_name(picture):
    assert size(picture(4)) == (48, 40, 4, "photo.png")
