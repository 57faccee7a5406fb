"""The text of a node's keyframes, changed a keyframe at a time; comments and lines that say none stay."""

from __future__ import annotations

from dataclasses import dataclass

from meshloom.graph_runtime.types import Cameras
from meshloom.kernels.geometry.keyframes import (
    ANGLE,
    Array,
    Key,
    photo_key,
    read_key,
    said_in,
    written,
)

#: Seconds to the next keyframe, where there are not two to tell the pace.
_STEP = 2.0


@dataclass(frozen=True, eq=False)
class Held:
    """A keyframe, and which line of the text says it."""

    line: int
    key: Key


def keys_in(text: str, cameras: Cameras | None = None) -> list[Held]:
    """The keyframes that can be read, in the order of the lines."""

    def photos(name: str) -> tuple[Array, Array, Array, float] | None:
        if cameras is None or name not in cameras.names:
            return None
        index = cameras.names.index(name)
        return photo_key(cameras.extrinsics[index], cameras.intrinsics[index], int(cameras.sizes[index][1]))

    found: list[Held] = []
    for line, words in enumerate(text.splitlines()):
        said = said_in(words)
        try:
            if said:
                found.append(Held(line, read_key(said, found[-1].key.angle if found else ANGLE, photos)))
        except ValueError:
            continue
    return found


def next_time(text: str) -> float:
    """When a keyframe after all others comes: at the pace of the last two."""
    times = []
    for words in text.splitlines():
        try:
            times.append(float(said_in(words).partition(":")[0]))
        except ValueError:
            continue
    if not times:
        return 0.0
    last = max(times)
    before = [time for time in times if time < last]
    return last + (round(last - max(before), 6) if before else _STEP)


def added(text: str, key: Key) -> str:
    """The text with a line for one more."""
    return (text if not text or text.endswith("\n") else text + "\n") + written(key) + "\n"


def replaced(text: str, line: int, key: Key, cameras: Cameras | None = None) -> str:
    """The text with another keyframe in a line. What follows its # stays."""
    lines = text.splitlines()
    _said, mark, comment = lines[line].partition("#")
    lines[line] = written(key) + (f"  # {comment.strip()}" if mark else "")
    return _with_angles_of(text, "\n".join(lines) + "\n", {}, cameras)


def removed(text: str, line: int, cameras: Cameras | None = None) -> str:
    """The text without a line."""
    lines = text.splitlines()
    del lines[line]
    after = "\n".join(lines) + "\n" if lines else ""
    return _with_angles_of(text, after, {n: n + 1 for n in range(line, len(lines))}, cameras)


def _with_angles_of(before: str, after: str, moved: dict[int, int], cameras: Cameras | None) -> str:
    """``after``, where keyframes that take their angle of view from the one before keep the angle they had.

    ``moved``: the lines of ``before`` that lines of ``after`` were.
    """
    angles = {held.line: held.key.angle for held in keys_in(before, cameras)}
    lines, last = after.splitlines(), ANGLE
    for held in keys_in(after, cameras):
        said, mark, comment = lines[held.line].partition("#")
        inherits = said.count(",") == 1 and said.partition(":")[2].strip().startswith("from")
        if not inherits:
            last = held.key.angle
            continue
        angle = angles.get(moved.get(held.line, held.line), last)
        if angle != last:  # from here on the next ones take this one
            last = angle
            lines[held.line] = f"{said.rstrip()}, {angle:.4g}" + (f"  #{comment}" if mark else "")
    return "\n".join(lines) + "\n" if lines else ""
