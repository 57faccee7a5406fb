"""Files with flipped, cut, doubled and overwritten bytes."""

from __future__ import annotations

import os
import struct

import numpy as np

#: Mutated files of each format; MESHLOOM_FUZZ=5000 for a thorough look.
MUTATED = int(os.environ.get("MESHLOOM_FUZZ", "150"))


def mutated(original: bytes, random: np.random.Generator) -> bytes:
    """``original`` with one to five changes; never empty."""
    data = bytearray(original)
    for _ in range(random.integers(1, 6)):
        at = int(random.integers(len(data)))
        match int(random.integers(4)):
            case 0:
                data[at] = int(random.integers(256))
            case 1:
                del data[at : at + int(random.integers(1, 40))]
            case 2:
                data[at : at + 4] = struct.pack("<I", int(random.choice([0, 1, 2**31 - 1, 2**32 - 1])))
            case 3:
                data[at:at] = data[: int(random.integers(1, 60))]
        if not data:
            data = bytearray(b"p")
    return bytes(data)
