"""What a safetensors file holds, from its header alone: nothing of the weights is read."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from meshloom.graph_runtime.errors import ModelError

#: Bytes of an element, by the format's names of types.
BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
}

#: The format allows no longer header.
_LONGEST = 100_000_000


@dataclass(frozen=True)
class Tensor:
    """A tensor as a header tells it: ``dtype`` by the format's name (BF16), and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)


def read_header(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file by name.

    Raises :class:`ModelError` for what is no such file, is cut short, or lies about its own size.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(_LONGEST, size - 8):
                raise ValueError(f"{size} bytes, its header alone should have {length}")
            header = json.loads(file.read(length))
        held = {name: entry for name, entry in header.items() if name != "__metadata__"}
        tensors = {
            name: Tensor(str(entry["dtype"]), tuple(map(int, entry["shape"]))) for name, entry in held.items()
        }
        for name, tensor in tensors.items():
            begin, end = held[name]["data_offsets"]
            if end - begin != tensor.count * BYTES[tensor.dtype]:
                raise ValueError(f"{name} has {end - begin} bytes for {tensor.dtype} {list(tensor.shape)}")
        data = max((entry["data_offsets"][1] for entry in held.values()), default=0)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is no sound safetensors file: {error}", _AGAIN) from None
    if 8 + length + data != size:
        raise ModelError(
            f"{path.name} is {'cut short' if size < 8 + length + data else 'too long'}: {size} bytes, expected"
            f" {8 + length + data}",
            _AGAIN,
        )
    return tensors


_AGAIN = "fetch it again with meshloom models pull, which keeps what is whole, or copy the file anew"
