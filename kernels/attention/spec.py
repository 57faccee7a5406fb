"""What one attention call asks for, and the answer of a kernel that is asked whether it can."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: Bits of each dtype's name, by the names used in specs.
DTYPES = {"fp64": "float64", "fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


class MaskKind(Enum):
    """The kinds of mask that kernels tell apart, each a superset of what the one before can say."""

    NONE = "none"
    #: (B, 1, 1, Nk) bool, true = the key exists: padding of unequal prompts.
    KEY_PADDING = "key_padding"
    #: (B|1, H|1, Nq, Nk) bool, true = may be seen.
    BOOL_QK = "bool_qk"
    #: (B|1, H|1, Nq|1, Nk) of the dtype of the queries, added to the logits.
    ADDITIVE = "additive"


class SpecSyntaxError(ValueError):
    """A text that is no spec; the message says what is expected."""


@dataclass(frozen=True)
class AttnSpec:
    """One attention call. ``b`` batch, ``hq``/``hkv`` heads of queries and of keys, ``nq``/``nk`` lengths,
    ``d`` head dimension of queries and keys, ``dv`` of values; ``dtype`` one of :data:`DTYPES`; ``device`` cpu,
    cuda or mps.

    ``strides``: of Q, K and V in elements, where they are not contiguous ``(B, S, H, D)``.
    """

    b: int
    hq: int
    nq: int
    d: int
    dtype: str = "bf16"
    device: str = "cpu"
    hkv: int = 0
    nk: int = 0
    dv: int = 0
    causal: bool = False
    mask: MaskKind = MaskKind.NONE
    dropout: float = 0.0
    strides: tuple[tuple[int, ...], ...] | None = None

    def __post_init__(self) -> None:
        for name, other in (("hkv", "hq"), ("nk", "nq"), ("dv", "d")):
            if not getattr(self, name):
                object.__setattr__(self, name, getattr(self, other))
        if self.dtype not in DTYPES:
            raise SpecSyntaxError(f"dtype {self.dtype!r}; expected one of {', '.join(DTYPES)}")
        if min(self.b, self.hq, self.hkv, self.nq, self.nk, self.d, self.dv) < 1:
            raise SpecSyntaxError(f"{self}: every size must be at least 1")
        if self.hq % self.hkv:
            raise SpecSyntaxError(f"{self.hq} query heads do not divide among {self.hkv} key heads")

    @classmethod
    def of(
        cls,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        mask: torch.Tensor | None = None,
        causal: bool = False,
    ) -> AttnSpec:
        """The spec of a call with these (B, S, H, D) tensors."""
        names = {long: short for short, long in DTYPES.items()}
        dtype = str(q.dtype).removeprefix("torch.")
        if dtype not in names:
            raise SpecSyntaxError(f"attention of dtype {dtype}; expected one of {', '.join(names)}")
        plain = all(tensor.is_contiguous() for tensor in (q, k, v))
        return cls(
            b=q.shape[0],
            hq=q.shape[2],
            nq=q.shape[1],
            d=q.shape[3],
            dtype=names[dtype],
            device=q.device.type,
            hkv=k.shape[2],
            nk=k.shape[1],
            dv=v.shape[3],
            causal=causal,
            mask=mask_kind(mask),
            strides=None if plain else tuple(tuple(tensor.stride()) for tensor in (q, k, v)),
        )

    @classmethod
    def parse(cls, text: str, device: str = "cpu") -> AttnSpec:
        """The spec that ``str`` of one gives: ``b1 h24 n4096 d128 bf16 causal``, also run together or by commas.

        ``hkv8`` (grouped queries), ``nk512`` (cross attention), ``dv64`` and ``mask=key_padding`` may be added.
        """
        sizes: dict[str, int] = {}
        words: dict[str, str] = {}
        causal = False
        for word in re.findall(r"mask=\w+|fp\d+|bf16|causal|[a-z]+\d+|\S", text.lower()):
            size = re.fullmatch(r"(b|hkv|h|nk|n|dv|d)(\d+)", word)
            if size:
                sizes[size[1]] = int(size[2])
            elif word in DTYPES:
                words["dtype"] = word
            elif word == "causal":
                causal = True
            elif word.startswith("mask="):
                words["mask"] = word[5:]
            elif word not in ",-x_":
                raise SpecSyntaxError(f"{text!r}: {word!r} is not understood; {_EXPECTED}")
        if not {"h", "n", "d"} <= set(sizes):
            raise SpecSyntaxError(f"{text!r}: heads, length or head dimension is missing; {_EXPECTED}")
        kinds = {kind.value: kind for kind in MaskKind}
        if words.get("mask", "none") not in kinds:
            raise SpecSyntaxError(f"{text!r}: mask is one of {', '.join(kinds)}")
        return cls(
            b=sizes.get("b", 1),
            hq=sizes["h"],
            nq=sizes["n"],
            d=sizes["d"],
            dtype=words.get("dtype", "bf16"),
            device=device,
            hkv=sizes.get("hkv", 0),
            nk=sizes.get("nk", 0),
            dv=sizes.get("dv", 0),
            causal=causal,
            mask=kinds[words.get("mask", "none")],
        )

    def __str__(self) -> str:
        heads = f"h{self.hq}" + (f" hkv{self.hkv}" if self.hkv != self.hq else "")
        length = f"n{self.nq}" + (f" nk{self.nk}" if self.nk != self.nq else "")
        size = f"d{self.d}" + (f" dv{self.dv}" if self.dv != self.d else "")
        text = f"b{self.b} {heads} {length} {size} {self.dtype}"
        text += " causal" if self.causal else ""
        return text if self.mask is MaskKind.NONE else f"{text} mask={self.mask.value}"

    @property
    def pairs(self) -> int:
        """How many (query, key) pairs are computed for one head; causal: those on and below the diagonal."""
        if not self.causal:
            return self.nq * self.nk
        shift = self.nk - self.nq
        first, last = max(0, 1 + shift), max(0, self.nk)
        rows = last - first + 1 if last >= first else 0
        return (first + last) * rows // 2

    @property
    def flops(self) -> int:
        """Multiplications and additions of both products, as kernels are compared everywhere."""
        return 2 * self.b * self.hq * self.pairs * (self.d + self.dv)

    @property
    def bytes(self) -> int:
        """Bytes of Q, K, V and the output together."""
        size = {"fp64": 8, "fp32": 4}.get(self.dtype, 2)
        query = self.b * self.hq * self.nq * (self.d + self.dv)
        return size * (query + self.b * self.hkv * self.nk * (self.d + self.dv))


_EXPECTED = (
    "expected something like 'b1 h24 n4096 d128 bf16' with hkv, nk, dv, causal, mask=... where they apply"
)


def mask_kind(mask: torch.Tensor | None) -> MaskKind:
    """What kind of mask a tensor of up to four dimensions is."""
    if mask is None:
        return MaskKind.NONE
    if str(mask.dtype) != "torch.bool":
        return MaskKind.ADDITIVE
    shape = (1, 1, 1, 1, *mask.shape)[-4:]
    return MaskKind.KEY_PADDING if shape[1] == shape[2] == 1 else MaskKind.BOOL_QK


def torch_dtype(name: str) -> torch.dtype:
    import torch

    held: torch.dtype = getattr(torch, DTYPES[name])
    return held
