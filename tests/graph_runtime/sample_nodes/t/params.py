from pathlib import Path
from typing import Annotated, Literal

from meshloom.graph_runtime.spec import OpenFile, Range, Slider, node


@node("Parameters")
def params(
    whole: Annotated[int, Range(0, 10)] = 1,
    real: Annotated[float, Slider(-1, 1)] = 0.5,
    free: float = 0.0,
    flag: bool = False,
    words: str = "",
    pick: Literal["red", "green"] = "red",
    place: Path = Path(),
    source: Annotated[Path | None, OpenFile()] = None,
    sources: Annotated[tuple[Path, ...], OpenFile()] = (),
    pair: tuple[float, float] = (0.0, 1.0),
    counts: tuple[int, ...] = (),
    names: tuple[str, ...] = (),
    maybe: int | None = None,
    limit: Annotated[int | None, Range(1, 9)] = 5,
) -> str:
    """Every kind of parameter, back as text."""
    held = (whole, real, free, flag, words, pick, str(place), pair, counts, names, maybe, limit)
    return "|".join(str(item) for item in held)
