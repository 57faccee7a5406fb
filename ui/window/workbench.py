"""What all documents of a window share: nodes, settings, keys, the queue, results and the history."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.provenance_text import provenance_text
from meshloom.ui.commands import Keymap
from meshloom.ui.palette import Remembered
from meshloom.ui.running.engine_process import cache_folder, engine_environment
from meshloom.ui.running.history import History
from meshloom.ui.running.queue_file import QueueFile
from meshloom.ui.running.results import Results
from meshloom.ui.running.runs import RunInfo, Runs
from meshloom.ui.settings import Settings


@dataclass
class Workbench:
    """Made once, closed with the window."""

    catalog: Catalog
    settings: Settings
    keymap: Keymap
    runs: Runs
    results: Results
    history: History
    remembered: Remembered
    queue_file: QueueFile

    def close(self) -> None:
        """End the engine and what loads results. What is finished is kept; what waits is for the next start."""
        self.queue_file.close()
        self.runs.close()
        self.results.close()


def make_workbench(
    catalog: Catalog, settings: Settings | None = None, parent: QObject | None = None
) -> Workbench:
    """A workbench as the settings say."""
    settings = settings or Settings()
    choices = settings.choices
    runs = Runs(engine_environment(choices), parent)
    history = History(parent=parent)

    def remember(run: RunInfo) -> None:
        # The cells of a sweep ("document:cell") would push all else out.
        if run.state != "refused" and ":" not in run.document:
            history.add(run, runs.statuses(run.document), provenance_text(run.graph, catalog, run.folder))

    runs.ended.connect(remember)
    runs.pictured.connect(history.picture)
    return Workbench(
        catalog,
        settings,
        Keymap(choices.keymap, choices.own_keys),
        runs,
        Results(cache_folder(choices), parent),
        history,
        Remembered(),
        QueueFile(runs),
    )
