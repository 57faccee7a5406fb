"""What travels on wires about models: references, never weights."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from meshloom.graph_runtime.types import Array, value

#: Choices of a :class:`ModelRef`, for forms and checks.
DTYPES = ("bfloat16", "float16", "float32")
DEVICES = ("auto", "cpu", "cuda", "mps")
OFFLOADS = ("none", "model", "sequential")
QUANTISATIONS = ("none", "float8", "bitsandbytes-8bit", "bitsandbytes-4bit", "torchao-int8")


@value
class Lora:
    """A low-rank adaptation laid over a model. ``digest``: of the file's content, so that the key sees edits."""

    file: str
    digest: str
    strength: float = 1.0


@value
class Patch:
    """Something that holds around each forward pass of a model and leaves its weights alone.

    ``kind`` says who applies it (:mod:`meshloom.graph_runtime.models.patches`), ``name`` which one, ``options``
    how (canonical JSON). ``fingerprint`` digests everything else its results depend on: it enters the keys of
    all that consume the model.
    """

    kind: str
    name: str
    options: str = "{}"
    fingerprint: str = ""

    @staticmethod
    def of(kind: str, name: str, options: Mapping[str, Any], fingerprint: str) -> Patch:
        """With ``options`` brought to one form, so that equal options give equal keys."""
        return Patch(kind, name, json.dumps(dict(options), sort_keys=True, allow_nan=False), fingerprint)

    def settings(self) -> dict[str, Any]:
        return dict(json.loads(self.options))


@value
class ModelRef:
    """A model by name: what to load, and how.

    ``source``: a Hub id (``owner/name``), an absolute folder, or ``tiny:CLASS:SEED``. ``revision``: the commit or
    branch asked for. ``content``: what the weights are (a commit, or a digest of the files); with it, keys of
    results follow the weights. ``pipeline``: the class to load it as; empty = the one it says. The choices of the
    rest are :data:`DTYPES`, :data:`DEVICES`, :data:`OFFLOADS` and :data:`QUANTISATIONS`.
    """

    source: str
    revision: str = ""
    content: str = ""
    pipeline: str = ""
    dtype: str = "bfloat16"
    device: str = "auto"
    offload: str = "none"
    quantisation: str = "none"
    loras: tuple[Lora, ...] = ()
    patches: tuple[Patch, ...] = ()

    def check(self) -> None:
        for field, choices in (
            ("dtype", DTYPES),
            ("device", DEVICES),
            ("offload", OFFLOADS),
            ("quantisation", QUANTISATIONS),
        ):
            held = getattr(self, field)
            if held not in choices:
                raise ValueError(f"ModelRef.{field} is {held!r}; expected one of {', '.join(choices)}")

    def patched(self, patch: Patch) -> ModelRef:
        """The same model with ``patch`` in place of one of its kind, if any. No weight is touched."""
        others = tuple(held for held in self.patches if held.kind != patch.kind)
        return dataclasses.replace(self, patches=(*others, patch))

    def with_lora(self, lora: Lora) -> ModelRef:
        """The same model with one more adaptation on top."""
        return dataclasses.replace(self, loras=(*self.loras, lora))


@value
class PromptEmbeddings:
    """A prompt as a model's text encoder sees it.

    ``names`` and ``arrays``: the keyword arguments of the pipeline's call, (1, tokens, features) float32 or masks;
    bfloat16 fits into float32 without loss. Without arrays the pipeline encodes ``text`` itself. ``model``: the
    source it was encoded by.
    """

    text: str
    negative: str
    model: str
    names: tuple[str, ...] = ()
    arrays: tuple[Array, ...] = ()

    def check(self) -> None:
        if len(self.names) != len(self.arrays):
            raise ValueError(f"PromptEmbeddings has {len(self.names)} names for {len(self.arrays)} arrays")
