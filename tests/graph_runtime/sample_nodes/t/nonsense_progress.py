import math

from meshloom.graph_runtime.spec import Run, node


@node("Nonsense progress")
def nonsense_progress(*, run: Run) -> float:
    """Report what is no share of anything, and give a number that JSON cannot hold."""
    run.progress(math.nan, 0.0, "half[/]way")
    run.warn("a [/b] warning")
    return math.inf
