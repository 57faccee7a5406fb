"""Which kernels of splatting this machine cannot use, and why: ``python -m meshloom.kernels.splatting.refusals``."""

from __future__ import annotations

import json


def refusals() -> dict[str, str]:
    """The reason by kernel id; kernels that can be used are left out."""
    from meshloom.kernels.splatting import registry

    verdicts = {name: registry.get(name).usable() for name in registry.ids()}
    return {name: verdict.reason for name, verdict in verdicts.items() if not verdict}


if __name__ == "__main__":
    print(json.dumps(refusals()))
