"""Which kernels of attention this machine cannot use, and why: ``python -m meshloom.kernels.attention.refusals``."""

from __future__ import annotations

import json

#: What they are asked for: a layer of a large image editing model.
_SHAPE = "b1 h24 n4096 d128 bf16"


def refusals() -> dict[str, str]:
    """The reason by kernel id; kernels that can be used are left out."""
    from meshloom.kernels.attention import registry
    from meshloom.kernels.attention.device import device_caps
    from meshloom.kernels.attention.spec import AttnSpec

    device = device_caps()
    held = registry.explain(AttnSpec.parse(_SHAPE, device.kind), device)
    return {each.kernel.id: each.verdict.reason for each in held if not each.verdict}


if __name__ == "__main__":
    print(json.dumps(refusals()))
