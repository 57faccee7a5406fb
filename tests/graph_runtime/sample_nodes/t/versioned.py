from typing import Any

from meshloom.graph_runtime.spec import node


def _migrate(params: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had a percentage; version 2 called the share a part."""
    if "percent" in params:
        return {"share": params["percent"] / 100}
    return {"share": params.pop("part")} if "part" in params else params


@node("Versioned", version=3, migrate=_migrate)
def versioned(share: float = 0.5) -> float:
    """A number whose parameter was called and counted otherwise before."""
    return share
