"""Sweeps: grids of parameters, their labels, table and sheet."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PIL import Image as Pillow

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.errors import RequestError
from meshloom.graph_runtime.graph import GraphData, GroupData, NodeData
from meshloom.graph_runtime.sweep import (
    MOST_PIXELS,
    Axis,
    cells,
    contact_sheet,
    csv_of,
    graph_of,
    numbers_of,
    parse_axis,
    picture_side,
)
from meshloom.graph_runtime.types import Table

from .conftest import Ran, graph

DATA = graph(
    p=("t.picture", {"side": 8}),
    b=("t.brighter", {"by": 0.5}, {"image": "p.image"}),
    all=("t.params",),
    fed=("t.number", {}, {"value": "n"}),
    n=("t.number",),
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("b.by=0.1,0.2", (0.1, 0.2)),
        ("p.side=8, 16 ,32", (8, 16, 32)),
        ("all.pick=red,green", ("red", "green")),
        ("all.flag=true,false", (True, False)),
        ("all.words=a,1", ("a", "1")),
        ("all.pair=1,2;3,4.5", ([1.0, 2.0], [3.0, 4.5])),
        ("all.limit=1,null", (1, None)),
    ],
)
def test_an_axis_is_read_as_its_parameter_is(catalog: Catalog, text: str, values: tuple[object, ...]) -> None:
    assert parse_axis(text, DATA, catalog).values == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("b.by", "expected node.param=a,b,c"),
        ("b.by=", "expected node.param=a,b,c"),
        ("b.by=1,,2", "expected node.param=a,b,c"),
        ("b=1", "expected node.param"),
        ("bb.by=1", "no node of that name"),
        ("p.sied=1", "did you mean side"),
        ("=1,2", "expected node.param"),
    ],
)
def test_what_is_no_axis_is_refused(catalog: Catalog, text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        parse_axis(text, DATA, catalog)


def test_a_grid_is_every_combination_within_reason() -> None:
    grid = cells([Axis("a.x", (1, 2)), Axis("b.y", ("u", "v", "w"))])
    assert [tuple(cell.settings.values()) for cell in grid[:4]] == [(1, "u"), (1, "v"), (1, "w"), (2, "u")]
    assert len({cell.name for cell in grid}) == 6
    with pytest.raises(RequestError, match="10000000000 cells; at most"):
        cells([Axis(f"n{index}.x", tuple(range(100))) for index in range(5)])
    with pytest.raises(RequestError, match="is swept twice"):
        cells([Axis("a.x", (1,)), Axis("a.x", (2,))])


@pytest.mark.parametrize("held", ["../../x", "a/b", "\0", "x" * 500, "CON", "ä ö", [1.5, 2.0], None, 1e-30])
def test_a_cell_is_a_safe_folder(held: object) -> None:
    (cell,) = cells([Axis("n.x", (held,))])
    assert cell.name.startswith("000_x=")
    assert len(cell.name) <= 120
    assert not set(cell.name) & set("/\\\0:")


def test_a_linked_parameter_cannot_be_swept(catalog: Catalog) -> None:
    (cell,) = cells([parse_axis("fed.value=1", DATA, catalog)])
    with pytest.raises(RequestError, match="gets its value from n by a link"):
        graph_of(cell, DATA, catalog)


def test_cells_share_what_they_have_in_common(engine: Engine, catalog: Catalog) -> None:
    grid = cells([parse_axis("b.by=0.1,0.2,0.3", DATA, catalog)])
    computed = [Ran(engine, graph_of(cell, DATA, catalog), targets=["b"]).computed for cell in grid]
    assert computed == [{"p", "b"}, {"b"}, {"b"}]


def test_a_promoted_parameter_can_be_swept(engine: Engine, catalog: Catalog) -> None:
    group = GroupData(
        {"n": NodeData("t.number")}, outputs={"out": ("n", "value")}, params={"v": ("n", "value")}
    )
    data = GraphData({"g": NodeData("group:g")}, {"g": group})
    grid = cells([parse_axis("g.v=4,5", data, catalog)])
    assert [Ran(engine, graph_of(cell, data, catalog)).value("g/n") for cell in grid] == [4, 5]


def test_the_table_holds_settings_outcome_and_numbers() -> None:
    axes = [Axis("a.x", (1, 2.5)), Axis("a.words", ('with "quotes", and\nlines', "\udcff"))]
    grid = cells(axes)
    for cell in grid:
        cell.status, cell.seconds = "done", 1.25
        cell.numbers = {"score": cell.index / 3}
    grid[3].status, grid[3].message, grid[3].numbers = "failed", "b: no", {"other": float("nan")}
    rows = list(csv.reader(io.StringIO(csv_of(axes, grid).decode())))
    assert rows[0] == ["cell", "a.x", "a.words", "status", "seconds", "message", "score", "other"]
    assert rows[1][1:5] == ["1", 'with "quotes", and\nlines', "done", "1.250"]
    assert rows[4][3:] == ["failed", "1.250", "b: no", "", "nan"]


def test_numbers_come_from_scalars_and_small_tables() -> None:
    assert numbers_of("n", 3) == {"n": 3}
    assert numbers_of("n", Table(("a", "b"), ((1, "x"),))) == {"n.a": 1, "n.b": "x"}
    assert numbers_of("n", Table(("k", "v"), (("a", 1), ("b", None), (3, 4)))) == {"n.a": 1}
    assert numbers_of("n", Table((), ())) == {}
    assert numbers_of("n", Table(("k",), (("a",), ("b",)))) == {}
    assert numbers_of("n", object()) == {}


def test_a_sheet_shows_every_cell_in_its_place() -> None:
    axes = [Axis("a.x", (1, 2)), Axis("a.y", (1, 2, 3))]
    grid = cells(axes)
    for cell in grid:
        cell.status = "done"
        cell.pictures["end"] = np.full((40, 60, 3), 40 * cell.index, np.uint8)
    grid[2].pictures, grid[2].status = {}, "failed"
    data = contact_sheet(axes, grid, "end")
    assert data is not None
    sheet = np.asarray(Pillow.open(io.BytesIO(data)))
    assert sheet.shape[0] >= 80
    assert sheet.shape[1] >= 180
    for cell in grid:
        flat = (sheet == 40 * cell.index).all(axis=2).sum()
        assert (flat >= 2400) == (cell.index != 2), cell.index
    assert contact_sheet(axes, grid[:2], "end") is not None
    assert contact_sheet(axes, grid, "none") is None


def test_a_sheet_of_thousands_stays_within_bounds() -> None:
    assert picture_side([Axis("a.x", (1, 2)), Axis("a.y", (1, 2, 3))]) == 320
    for shape in ((100, 100), (1, 10_000), (10_000, 1)):
        axes = [Axis("a.x", tuple(range(shape[0]))), Axis("a.y", tuple(range(shape[1])))]
        assert 24 <= picture_side(axes) <= max(24, MOST_PIXELS // max(shape))
