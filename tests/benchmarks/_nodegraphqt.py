"""NodeGraphQt with the same graph, in a process of its own: prints the CPU ms of opening, of a repaint and of a pan.

pip install NodeGraphQt==0.6.44 Qt.py setuptools
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_PREFERRED_BINDING"] = "PySide6"


def median(work: Callable[[int], object], runs: int = 7) -> float:
    times = []
    for index in range(runs):
        begun = time.process_time()
        work(index)
        times.append((time.process_time() - begun) * 1e3)
    return sorted(times)[runs // 2]


def main(count: int) -> None:
    from NodeGraphQt import BaseNode, NodeGraph
    from PySide6.QtWidgets import QApplication

    application = QApplication([])

    class Blend(BaseNode):
        __identifier__ = "peer"
        NODE_NAME = "blend"

        def __init__(self) -> None:
            super().__init__()
            self.add_input("base")
            self.add_input("over")
            self.add_output("image")
            for index in range(5):
                self.add_text_input(f"field{index}", f"field{index}", text="1")

    begun = time.process_time()
    graph = NodeGraph()
    graph.register_node(Blend)
    nodes = []
    for index in range(count):
        column, row = divmod(index, 50)
        nodes.append(graph.create_node("peer.Blend", pos=[column * 300, row * 260], push_undo=False))
        if column:
            above = (column - 1) * 50
            nodes[-1].set_input(0, nodes[above + row].output(0))
            nodes[-1].set_input(1, nodes[above + (row * 7 + 3) % 50].output(0))
    view = graph.viewer()
    view.resize(1600, 1000)
    view.show()
    application.processEvents()
    opened = (time.process_time() - begun) * 1e3

    def pan(index: int) -> None:
        bar = view.horizontalScrollBar()
        bar.setValue(bar.value() + (7 if index % 2 else -7))
        view.viewport().repaint()

    print(
        json.dumps(
            {"open": opened, "repaint": median(lambda index: view.viewport().repaint()), "pan": median(pan)}
        )
    )
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
