"""The page of a node: all that its spec says, links to others, an example where there is one."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.ui import theme
from meshloom.ui.fields.text import label
from meshloom.ui.window.node_docs import NodeDocs
from meshloom.ui.window.node_page import body, limits, page
from meshloom.ui.window.templates import PRESETS
from meshloom.ui.words import speak


@pytest.fixture
def docs(qtbot: QtBot, catalog: Catalog, qapp: QApplication) -> Iterator[NodeDocs]:
    made = NodeDocs(catalog)
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    yield made
    theme.use("dark", qapp)


def click_link(docs: NodeDocs, qtbot: QtBot, target: str) -> None:
    """With the mouse, where the link is painted."""
    port = docs.browser.viewport()
    for y in range(0, port.height(), 6):
        for x in range(0, port.width(), 6):
            if docs.browser.anchorAt(QPoint(x, y)) == target:
                qtbot.mouseMove(port, QPoint(x, y))
                qtbot.mouseClick(port, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
                return
    raise AssertionError(f"no link to {target} is in view")


def test_the_page_says_what_the_spec_says(docs: NodeDocs) -> None:
    assert docs.show_node("image.blur") and docs.node_type == "image.blur"
    text = docs.browser.toPlainText()
    for words in (
        "Blur",
        "image.blur",
        "Soften the picture.",
        "Transparent pixels lend no colour",
        "gaussian, box, median, bilateral",
        "0 to 2 000 px · default 3 px",
        "standard deviation of the gaussian",
        "smooths within areas",
    ):
        assert words in text, words
    assert text.count("standard deviation of the gaussian") == 1, "said with the parameter, not above too"
    assert docs.windowTitle() == "Blur"


def test_the_page_speaks_the_language_of_the_window(catalog: Catalog) -> None:
    speak("pt_BR")
    try:
        text = page(catalog["image.blur"])
    finally:
        speak("en")
    for words in (
        "Desfoque",
        "image.blur",
        "Pixels transparentes não passam cor aos vizinhos.",
        "gaussiano, caixa, mediana, bilateral",
        "desvio padrão da gaussiana",
    ):
        assert words in text, words


def test_inputs_and_outputs_with_their_words(docs: NodeDocs) -> None:
    docs.show_node("mesh.compare")
    text = docs.browser.toPlainText()
    for words in ("Inputs", "Outputs", "Mesh", "the mesh, each vertex coloured by its distance"):
        assert words in text, words


def test_every_node_has_a_page_with_all_its_parameters(catalog: Catalog) -> None:
    assert len(catalog) > 100
    for name in catalog:
        spec = catalog[name]
        words = page(spec, catalog)
        for param in spec.params:
            assert f">{html.escape(label(param.name))}<" in words, f"{name}.{param.name}"
            assert limits(param) and html.escape(limits(param)) in words
        for paragraph in body(spec):
            first = paragraph.split()[0]
            assert html.escape(first, quote=False).strip("`") in words, f"{name}: {first}"


def test_words_of_a_spec_are_no_markup(catalog: Catalog) -> None:
    from dataclasses import replace

    spec = replace(catalog["image.blur"], doc="Is 1 < 2 & <b>bold</b>.\n\nUse ``a < b``.")
    words = page(spec)
    assert "1 &lt; 2 &amp; &lt;b&gt;bold&lt;/b&gt;" in words and "a &lt; b</code>" in words


def test_links_lead_to_other_nodes_and_back(docs: NodeDocs, qtbot: QtBot) -> None:
    docs.show_node("cloud.compare")
    assert not docs.back.isVisible()
    click_link(docs, qtbot, "node:mesh.sample_points")
    assert docs.node_type == "mesh.sample_points"
    qtbot.keyClick(docs.browser, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert docs.node_type == "cloud.compare" and not docs.back.isVisible()


def test_the_example_is_a_workflow_that_has_the_node(docs: NodeDocs, qtbot: QtBot) -> None:
    docs.show_node("image.denoise")
    with qtbot.waitSignal(docs.example_wanted) as told:
        qtbot.mouseClick(docs.example, Qt.MouseButton.LeftButton)
    file = Path(told.args[0])
    assert file.parent == PRESETS and '"image.denoise"' in file.read_text()


def test_of_a_node_in_no_template_an_example_is_made(docs: NodeDocs, catalog: Catalog, qtbot: QtBot) -> None:
    held = "".join(file.read_text() for file in PRESETS.glob("*.json"))
    lonely = next(name for name in catalog if f'"{name}"' not in held and name.startswith("mask."))
    docs.show_node(lonely)
    with qtbot.waitSignal(docs.graph_wanted) as told:
        qtbot.mouseClick(docs.example, Qt.MouseButton.LeftButton)
    assert lonely in {node.type for node in told.args[0].nodes.values()}


def test_without_an_example_there_is_no_button(docs: NodeDocs) -> None:
    docs.show_node("photo.video_frames")
    assert not docs.example.isVisible()


def test_an_unknown_node_is_said_to_be_so(docs: NodeDocs) -> None:
    assert docs.show_node("no.such") is False
    assert docs._none.isVisible() and not docs.browser.isVisible() and not docs.example.isVisible()
    assert docs.show_node("image.blur") and docs.browser.isVisible() and not docs._none.isVisible()


def test_the_theme_reaches_the_page(docs: NodeDocs, qapp: QApplication) -> None:
    docs.show_node("image.blur")
    dark = docs.browser.toHtml()
    theme.use("light", qapp)
    assert theme.LIGHT.dim in docs.browser.toHtml() and theme.DARK.dim in dark
    assert theme.LIGHT.panel in docs.browser.styleSheet()


def test_escape_closes(docs: NodeDocs, qtbot: QtBot) -> None:
    docs.show_node("image.blur")
    qtbot.keyClick(docs.browser, Qt.Key.Key_Escape)
    assert not docs.isVisible()
