"""What this group keeps between runs."""

from __future__ import annotations

from meshloom.graph_runtime.types import Array, value


@value
class SplatCheckpoint:
    """A training on its way: everything needed to go on. ``arrays`` belong to ``names``.

    ``curve``: (S, 4) float64, one row a look at the held-out photos: iteration, PSNR and SSIM (NaN without such
    photos), mean loss since the row before. ``score``: what the best of several checkpoints is chosen by.
    """

    names: tuple[str, ...]
    arrays: tuple[Array, ...]
    curve: Array
    score: float
    skipped: int

    def check(self) -> None:
        if len(self.names) != len(self.arrays):
            raise ValueError(f"SplatCheckpoint has {len(self.arrays)} arrays; expected {len(self.names)}")
