"""How every node of a document stands, in whatever scope it is, and how a group stands as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from meshloom.ui.running.status import NodeStatus, State

#: A group stands as the first of these that one of its nodes does.
_FIRST: tuple[State, ...] = ("failed", "running", "waiting", "stale", "skipped", "done", "cached", "muted")


class Standing:
    """Statuses by path (``group/node``)."""

    def __init__(self) -> None:
        self._held: dict[str, NodeStatus] = {}
        self._inside: dict[str, dict[str, NodeStatus]] = {}

    def note(self, path: str, status: NodeStatus) -> Iterator[tuple[str, NodeStatus]]:
        """Take a status; gives it, and those of the groups around it, which follow from it."""
        self._held[path] = status
        yield path, status
        outer = path.rpartition("/")[0]
        while outer:
            self._inside.setdefault(outer, {})[path] = status
            yield outer, self._whole(outer)
            outer = outer.rpartition("/")[0]

    def _whole(self, group: str) -> NodeStatus:
        held = self._inside[group]
        state = next(
            (each for each in _FIRST if any(node.state == each for node in held.values())), "unknown"
        )
        ended = sum(node.state in ("done", "cached", "muted") for node in held.values())
        said = next((node for node in held.values() if node.state == state), NodeStatus())
        return replace(
            said,
            state=state,
            done=ended,
            total=len(held),
            seconds=sum(node.seconds for node in held.values()),
            peak_bytes=max(node.peak_bytes for node in held.values()),
            bytes=0,
            outputs=(),
            thumbnail=None,
            preview=None,
            plot=None,
        )

    def within(self, path: str) -> dict[str, NodeStatus]:
        """The statuses of the nodes right inside a group (of the whole graph for ""), by name."""
        prefix = f"{path}/" if path else ""
        found = {key: status for key, status in self._held.items() if key.startswith(prefix)}
        found |= {key: self._whole(key) for key in self._inside if key.startswith(prefix)}
        return {key[len(prefix) :]: each for key, each in found.items() if "/" not in key[len(prefix) :]}

    def failed(self) -> list[str]:
        """The paths of all nodes that failed."""
        return [path for path, status in self._held.items() if status.state == "failed"]

    def get(self, path: str) -> NodeStatus | None:
        """How one node or group stands."""
        return self._held.get(path) or (self._whole(path) if path in self._inside else None)
