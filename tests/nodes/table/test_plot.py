from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Table
from meshloom.nodes.table.plot import plot

RUN = Table(
    ("step", "loss", "psnr", "note"), ((20, 0.5, 21.0, "x"), (10, 0.9, None, "y"), (30, 0.3, 24.0, None))
)


def test_curves_over_a_column_in_its_order():
    figure = plot(RUN, "step")
    assert [series.name for series in figure.series] == ["loss", "psnr"]
    assert figure.series[0].x.tolist() == [10, 20, 30]
    assert figure.series[0].y.tolist() == [0.9, 0.5, 0.3]
    assert figure.series[1].x.tolist() == [20, 30]
    assert (figure.title, figure.x_label) == ("loss, psnr over step", "step")


def test_chosen_curves_over_rows():
    figure = plot(RUN, y=("loss",), kind="bars", title="Loss")
    (series,) = figure.series
    assert (series.kind, series.x.tolist(), series.y.tolist()) == ("bars", [0, 1, 2], [0.5, 0.9, 0.3])
    assert (figure.title, figure.x_label, figure.y_label) == ("Loss", "row", "loss")


@pytest.mark.parametrize(
    ("table", "x", "y"),
    [
        (RUN, "note", ()),
        (RUN, "", ("note",)),
        (RUN, "time", ()),
        (Table(("a",), ()), "", ()),
        (Table(("a",), (("x",),)), "", ()),
    ],
)
def test_nothing_to_draw(table, x, y):
    with pytest.raises(NodeError):
        plot(table, x, y)
