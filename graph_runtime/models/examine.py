"""A model looked at without loading it: would it load whole, what does it take, does that fit here."""

from __future__ import annotations

from dataclasses import dataclass

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models.estimate import Estimate, TooLarge, check_fits, estimate, memory_free
from meshloom.graph_runtime.models.inspect import Comparison, inspect
from meshloom.graph_runtime.models.licences import Licence, licence_of, read_card
from meshloom.graph_runtime.models.places import Found, find
from meshloom.graph_runtime.models.values import ModelRef


@dataclass(frozen=True)
class Examined:
    """``estimate``: of the memory, where the headers could be read. ``free``: bytes free where the weights go.

    ``too_large``: (what is wrong, what to do) where the weights do not fit at this moment.
    """

    found: Found
    licence: Licence
    parts: tuple[Comparison, ...]
    estimate: Estimate | None
    free: int
    too_large: tuple[str, str] | None = None

    @property
    def sound(self) -> bool:
        """Whether it would load whole."""
        return all(part.loads for part in self.parts)


def examine(
    source: str,
    revision: str = "",
    dtype: str = "bfloat16",
    offload: str = "none",
    quantisation: str = "none",
) -> Examined:
    """Look at a model on this machine as it would be loaded. Raises :class:`ModelError`."""
    from meshloom.graph_runtime.engine import probe_device
    from meshloom.graph_runtime.models.loading import libraries

    libraries()
    device = probe_device()
    found = find(source, revision)
    try:
        ref = ModelRef(source, revision, dtype=dtype, offload=offload, quantisation=quantisation)
    except ValueError as error:
        raise ModelError(str(error)) from None
    parts = tuple(inspect(found.folder))
    guess = estimate(found.folder, ref) if not any(part.fault for part in parts) else None
    too_large = None
    if guess is not None:
        try:
            check_fits(guess, device)
        except TooLarge as error:
            too_large = (error.message, error.hint)
    return Examined(found, licence_of(read_card(found.folder)), parts, guess, memory_free(device), too_large)
