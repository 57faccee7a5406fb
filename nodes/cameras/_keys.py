"""Keyframes of a camera, read from lines."""

from __future__ import annotations

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras
from meshloom.kernels.geometry.keyframes import ANGLE, Array, Key, photo_key, read_key, said_in


def parsed(text: str, cameras: Cameras | None) -> list[Key]:
    """The keyframes of ``text``, a line each. Raises ``NodeError`` naming the line that is none."""

    def photos(name: str) -> tuple[Array, Array, Array, float] | None:
        if cameras is None or name not in cameras.names:
            return None
        index = cameras.names.index(name)
        return photo_key(cameras.extrinsics[index], cameras.intrinsics[index], int(cameras.sizes[index][1]))

    keys: list[Key] = []
    for number, line in enumerate(text.splitlines(), 1):
        said = said_in(line)
        if not said:
            continue
        try:
            key = read_key(said, keys[-1].angle if keys else ANGLE, photos)
        except ValueError as error:
            raise NodeError(
                f"line {number} of the keyframes, {said!r}: {error}",
                hint="write 2.5: from 1 -1 -4, towards 0 0 0, 50 or 2.5: photo IMG_0007.jpg",
            ) from None
        if keys and key.time <= keys[-1].time:
            raise NodeError(
                f"line {number} of the keyframes is no later than the one before", hint="let times rise"
            )
        keys.append(key)
    if len(keys) < 2:
        raise NodeError(
            f"there are {len(keys)} keyframes; expected two or more", hint="write a line for each"
        )
    return keys
