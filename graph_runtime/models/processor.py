"""Pictures and words for Qwen's vision language model, without torchvision.

transformers' own processor for it carries a part for videos that cannot be built without torchvision, and its
picture part gives other pixels with torchvision than without. This one takes the picture part on Pillow, always,
so that a prompt encodes alike on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: The placeholder that stands for a picture in a prompt.
PICTURE = "<|image_pad|>"

#: The processors that this one stands in for.
STANDS_FOR = ("Qwen2VLProcessor", "Qwen2_5_VLProcessor")


class QwenProcessor:
    """Called like transformers' ``Qwen2VLProcessor``, for text with pictures.

    Each :data:`PICTURE` of a text becomes as many as the picture has patches of 2 x 2 merged.
    """

    def __init__(self, image_processor: Any, tokenizer: Any) -> None:
        self.image_processor = image_processor
        self.tokenizer = tokenizer

    @classmethod
    def from_folder(cls, folder: Path) -> QwenProcessor:
        """Read from the folder ``processor`` of a checkpoint. Raises ``OSError`` or ``ValueError``."""
        from transformers import AutoTokenizer, Qwen2VLImageProcessorPil

        return cls(
            Qwen2VLImageProcessorPil.from_pretrained(str(folder), local_files_only=True),
            AutoTokenizer.from_pretrained(str(folder), local_files_only=True),
        )

    def save(self, folder: Path) -> None:
        """Write the files that ``from_folder`` and transformers' own processor read."""
        self.image_processor.save_pretrained(str(folder))
        self.tokenizer.save_pretrained(str(folder))

    def __call__(
        self,
        text: Sequence[str],
        images: Any = None,
        padding: bool = True,
        return_tensors: str = "pt",
        **options: Any,
    ) -> Any:
        """A batch of ``input_ids`` and ``attention_mask``, with ``pixel_values`` and ``image_grid_thw``."""
        from transformers import BatchFeature

        texts = [text] if isinstance(text, str) else list(text)
        data: dict[str, Any] = {}
        if images is not None:
            seen = self.image_processor(images=images, return_tensors=return_tensors)
            merged = self.image_processor.merge_size**2
            texts = _expanded(texts, [int(grid.prod()) // merged for grid in seen["image_grid_thw"]])
            data.update(seen)
        data.update(self.tokenizer(texts, padding=padding, return_tensors=return_tensors, **options))
        return BatchFeature(data=data)


def _expanded(texts: Sequence[str], counts: Sequence[int]) -> list[str]:
    """Each placeholder repeated as often as its picture has patches; pictures are told off text by text."""
    wanted = sum(text.count(PICTURE) for text in texts)
    if wanted != len(counts):
        raise ValueError(f"{wanted} places for pictures in the prompt and {len(counts)} pictures")
    left = iter(counts)
    made = []
    for text in texts:
        first, *others = text.split(PICTURE)
        made.append(first + "".join(PICTURE * next(left) + other for other in others))
    return made
