"""How much work to put into a training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshloom.graph_runtime.spec import NodeError

#: Memory that a training may take.
MOST_BYTES = 6 << 30
#: Checkpoints of a training, where there is room.
CHECKPOINTS = 10
#: Looks at each photo after which nothing more is learned of what lies between them.
A_PHOTO = 400
#: Part of the ellipsoids left out of an iteration where photos are few, and how many are few and many.
FEW_PHOTOS, FEW, MANY = 0.4, 10, 20


@dataclass(frozen=True)
class Effort:
    """Iterations, the longer side of the photos in pixels, the most Gaussians, and the bands of colour."""

    iterations: int
    max_side: int
    most: int
    degree: int


EFFORTS = {
    "preview": Effort(3000, 256, 30_000, 1),
    "standard": Effort(8000, 500, 80_000, 2),
    "full": Effort(30_000, 1000, 300_000, 3),
}


def chosen(effort: str, iterations: int, max_side: int, most: int, degree: int) -> Effort:
    """The preset with what was set by hand."""
    preset = EFFORTS[effort]
    return Effort(
        iterations or preset.iterations,
        max_side or preset.max_side,
        most or preset.most,
        preset.degree if degree < 0 else degree,
    )


def for_photos(effort: Effort, photos: int) -> Effort:
    """With no more iterations than so few photos can teach: beyond, each is learned by heart."""
    return replace(effort, iterations=min(effort.iterations, max(1000, A_PHOTO * photos)))


def dropout_for(photos: int) -> float:
    """What helps against learning photos by heart: the fewer there are, the more."""
    return FEW_PHOTOS * min(1.0, max(0.0, (MANY - photos) / (MANY - FEW)))


def state_bytes(effort: Effort) -> int:
    """Bytes of a checkpoint: every parameter with the two moments of its gradient."""
    return effort.most * (11 + 3 * (effort.degree + 1) ** 2) * 4 * 3


def check_memory(effort: Effort, pixels: int) -> None:
    """Raise ``NodeError`` before anything is allocated where the training would need too much memory.

    ``pixels``: of all photos together, at the size they are trained at.
    """
    photos = pixels * 4 * 3 * 3 * 1.4  # the photo, two blurred copies, and smaller versions
    picture = effort.max_side**2 * 4 * 3 * 12
    gaussians = state_bytes(effort) * 5 / 3 + effort.most * (64 + 8 * 60)  # gradients, rows and hits
    needed = int(photos + picture + gaussians)
    if needed > MOST_BYTES:
        raise NodeError(
            f"training needs about {needed / 2**30:.1f} GiB; the limit is {MOST_BYTES >> 30} GiB",
            hint="lower max_side, splats or sh_degree, or use fewer photos",
        )


def segments(effort: Effort, stop_after: int = 0) -> list[int]:
    """Where checkpoints are made: at these iterations, the last is the end. At most 3 GiB of them in all.

    ``stop_after``: an earlier end; the checkpoints before it stay where they are.
    """
    most = max(2, (3 << 30) // max(state_bytes(effort), 1))
    count = int(min(CHECKPOINTS, most, effort.iterations))
    ends = [effort.iterations * (part + 1) // count for part in range(count)]
    last = min(stop_after or effort.iterations, effort.iterations)
    return [end for end in ends if end < last] + [last]
