"""Bytes, speeds and lengths of time as people read them."""

from __future__ import annotations

from meshloom.ui.words import _


def amount(count: float) -> str:
    """Bytes in the units of disks and of the Hub (1 GB = 10^9)."""
    if count >= 1e8:
        return _("{number} GB").format(number=f"{count / 1e9:.1f}")
    if count >= 1e5:
        return _("{number} MB").format(number=f"{count / 1e6:.1f}")
    return _("{number} KB").format(number=f"{count / 1e3:.1f}")


class Pace:
    """How fast something comes, over the last seconds."""

    _SPAN = 8.0

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []

    def note(self, now: float, done: float) -> None:
        """``done`` bytes are there at the moment ``now`` (seconds). What was there before does not count."""
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        self._seen = [pair for pair in self._seen if now - pair[0] <= self._SPAN] + [(now, done)]

    @property
    def speed(self) -> float:
        """Bytes a second; 0 while that cannot be told."""
        if len(self._seen) < 2:
            return 0.0
        (began, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - began) if now - began >= 0.5 else 0.0
