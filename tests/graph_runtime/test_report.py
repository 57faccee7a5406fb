"""The report of a run: enough to reproduce it, whatever happened, and a page that shows it safely."""

from __future__ import annotations

import html.parser
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshloom.graph_runtime.deliver import Delivered, deliver
from meshloom.graph_runtime.disk import Latest
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.graph import GraphData, NodeData
from meshloom.graph_runtime.preset import dump, parse
from meshloom.graph_runtime.report import thumbnail_png, write_report

from .conftest import Ran, graph


class Page(html.parser.HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.pictures = 0
        self.text = ""
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src") and tag == "a"]
        self.pictures += tag == "img"

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def reported(engine: Engine, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], Page]]:
    def make(data: GraphData, files: list[Delivered] | None = None, **options: Any) -> Any:
        ran = Ran(engine, data, workflow="w", **options)
        folder = tmp_path / "out"
        if files is None:
            ports = [
                (
                    n,
                    [
                        (p.name, r)
                        for p, r in zip(ran.plan.nodes[n].spec.outputs, ran.outcome.outputs[n], strict=True)
                    ],
                )
                for n in ran.plan.targets
                if n in ran.outcome.outputs
            ]
            files = deliver(engine.cache, folder, ports, dump(data), [])
        page, said = write_report(folder, Path("w.json"), dump(data), ran.plan, ran.outcome, files, engine)
        return json.loads(said.read_text()), Page(page)

    return make


Reported = Callable[..., tuple[dict[str, Any], Page]]


def test_a_report_says_what_happened_to_each_node(reported: Reported) -> None:
    data = graph(
        n=("t.number", {"value": 3}),
        p=("t.parity", {}, {"a": "n"}),
        bad=("t.fail", {}, {"a": "n"}),
        below=("t.parity", {}, {"a": "bad"}),
        image=("t.picture",),
    )
    said, page = reported(data)
    assert {name: node["state"] for name, node in said["nodes"].items()} == {
        "n": "computed",
        "p": "computed",
        "bad": "failed",
        "below": "skipped",
        "image": "computed",
    }
    assert said["status"] == "failed"
    assert said["nodes"]["n"]["params"] == {"value": 3}
    assert said["nodes"]["n"]["why"] == "has not run in this workflow before"
    assert "numpy" in said["nodes"]["image"]["versions"]
    assert len(said["nodes"]["p"]["keys"][0]) == 40
    assert parse(json.dumps(said["workflow"]).encode()) == data
    assert "the number is cursed - use another number" in page.text
    assert page.pictures == 1
    said, _ = reported(data)
    assert said["nodes"]["p"]["state"] == "cached"
    assert said["nodes"]["p"]["seconds_when_made"] >= 0


def test_links_lead_to_the_files(reported: Reported, tmp_path: Path) -> None:
    data = graph(f=("t.files", {"names": ["a b#1.bin", "50%?.bin", "ä&<b>.bin"]}))
    _, page = reported(data)
    from urllib.parse import unquote

    files = [link for link in page.links if link.endswith(".bin")]
    assert len(files) == 3
    for link in files:
        assert (tmp_path / "out" / unquote(link)).is_file()
        assert not set("#? <>") & set(link)


def test_nothing_in_a_run_becomes_part_of_the_page(reported: Reported) -> None:
    evil = "<script>alert(1)</script>"
    data = GraphData(
        {
            "<img src=x onerror=y>": NodeData("t.params", {"words": evil}),
            "t": NodeData("t.reader", {"file": f"/{evil}"}),
        },
        extras={"about": evil},
    )
    _, page = reported(data)
    assert "script" not in page.tags
    assert page.pictures == 0
    assert evil in page.text


def test_a_run_without_files_and_one_that_was_cancelled_have_reports(
    reported: Reported, engine: Engine
) -> None:
    said, page = reported(graph(n=("t.number",)), files=[])
    assert said["files"] == []
    assert page.links == []
    import threading

    timer = threading.Timer(0.2, engine.cancel)
    timer.start()
    said, _ = reported(graph(n=("t.number",), s=("t.slow", {"seconds": 20.0})))
    timer.join()
    assert said["status"] == "cancelled"
    assert said["nodes"]["s"]["state"] == "not needed"


def test_odd_values_and_names_are_reported(reported: Reported) -> None:
    data = graph(
        t=("t.odd_table",), x=("t.nonsense_progress",), u=("t.surrogate",), f=("t.files", {"content": ""})
    )
    said, page = reported(data)
    assert {node["state"] for node in said["nodes"].values()} == {"computed"}
    json.dumps(said, allow_nan=False)
    assert "warning" in page.text


def test_paths_that_are_not_unicode_can_be_reported(engine: Engine, tmp_path: Path) -> None:
    data = graph(n=("t.number",))
    ran = Ran(engine, data)
    odd = tmp_path / "Stra\udcdfe"
    files = [Delivered("n", "value", odd / "n.json", 1)]
    page, said = write_report(odd, odd / "w.json", dump(data), ran.plan, ran.outcome, files, engine)
    assert json.loads(said.read_text())["workflow_file"] == str(odd / "w.json")
    assert Page(page).links == ["n.json"]


def test_a_picture_that_is_lost_is_left_out(engine: Engine) -> None:
    ran = Ran(engine, graph(p=("t.picture",)))
    digest = str(ran.outcome.outputs["p"][0])
    assert thumbnail_png(engine.cache, digest).startswith(b"\x89PNG")
    assert (
        thumbnail_png(engine.cache, str(Ran(engine, graph(n=("t.number",))).outcome.outputs["n"][0])) == b""
    )


def test_why_is_told_from_the_run_before(reported: Reported, engine: Engine) -> None:
    reported(graph(n=("t.number", {"value": 1})))
    said, _ = reported(graph(n=("t.number", {"value": 2})))
    assert said["nodes"]["n"]["why"] == "value 1 -> 2"
    assert isinstance(engine.latest("w")["n"], Latest)
