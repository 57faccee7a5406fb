"""Models looked at, fetched, stopped, gone on with, refused, converted and removed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.models.licences import consent_file
from meshloom.graph_runtime.models.places import find
from meshloom.ui.models.consent import Consent
from meshloom.ui.models.models_window import ModelsWindow

from ...graph_runtime.models.conftest import Hub
from .conftest import Open

LEFT = Qt.MouseButton.LeftButton
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


def press(qtbot: QtBot, button: object) -> None:
    assert button.isVisible() and button.isEnabled(), button.text()  # type: ignore[attr-defined]
    qtbot.mouseClick(button, LEFT)


def look_up(qtbot: QtBot, window: ModelsWindow, name: str) -> None:
    window.name.setFocus()
    qtbot.keyClicks(window.name, name)
    qtbot.keyClick(window.name, Qt.Key.Key_Return)


def settled(qtbot: QtBot, window: ModelsWindow) -> None:
    qtbot.waitUntil(lambda: not window.desk.busy and not window.desk.pulls, timeout=60_000)


def agree(qtbot: QtBot, window: ModelsWindow) -> None:
    qtbot.waitUntil(lambda: window.findChild(Consent) is not None, timeout=20_000)
    asked = window.findChild(Consent)
    assert not asked.fetch.isEnabled(), "the tick comes first"
    asked.tick.setChecked(True)
    press(qtbot, asked.fetch)


def test_what_is_here_and_what_is_known_of(own: Path, opened: Open) -> None:
    window = opened()
    rows = {row.source: row for row in window.list.rows()}
    assert [*rows][:3] == ["broken", "noise", "Qwen/Qwen-Image-Edit-2511"]
    assert (rows["noise"].state, rows["broken"].state) == ("here", "incomplete")
    assert window.total.text().startswith("2 models")
    window.list.choose("black-forest-labs/FLUX.1-Kontext-dev")
    said = window.details.facts["licence"].text()
    assert "Not for commercial use" in said and "agree to terms" in said
    assert window.details.facts["size"].text() == "about 33.7 GB"
    assert window.details.fetch.isVisible() and not window.details.use.isVisible()
    window.list.choose("noise")
    assert window.details.use.isVisible() and not window.details.fetch.isVisible()
    assert window.details.facts["place"].text() == str(own / "noise")


def test_a_model_is_fetched_after_its_licence_is_agreed_to_once(hub: Hub, opened: Open, qtbot: QtBot) -> None:
    hub.card = {"license": "openrail++"}
    window = opened()
    look_up(qtbot, window, "https://huggingface.co/some/model")
    settled(qtbot, window)
    details = window.details
    assert details.row is not None and details.row.source == "some/model"
    assert "openrail++" in details.facts["licence"].text() and "17 files" in details.facts["size"].text()
    assert not hub.asked, "nothing comes before it is asked for"
    hub.stalls = {WEIGHTS: len(hub.files[WEIGHTS]) // 2}
    press(qtbot, details.fetch)
    agree(qtbot, window)
    assert details.stop.isVisible() and details.bar.isVisible()
    qtbot.waitUntil(lambda: details.what.text() == WEIGHTS, timeout=30_000)
    press(qtbot, details.stop)
    qtbot.waitUntil(lambda: details.row.state == "unfinished", timeout=10_000)
    assert details.message.text().count("What has come is kept")
    assert json.loads(consent_file().read_text())["some/model"]["licence"] == "openrail++"
    hub.asked.clear()
    press(qtbot, details.fetch)
    qtbot.waitUntil(lambda: details.row.state == "here", timeout=60_000)
    assert window.findChild(Consent) is None, "asked once"
    (first,) = (first for name, first in hub.asked if name == WEIGHTS)
    assert first > 0, "gone on at the byte"
    assert (find("some/model").folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert "Whole and checked" in details.message.text() and details.use.isVisible()
    blob = (find("some/model").folder / WEIGHTS).resolve()
    press(qtbot, details.check)
    settled(qtbot, window)
    assert "as they were fetched" in details.message.text()
    blob.write_bytes(blob.read_bytes()[::-1])
    press(qtbot, details.check)
    settled(qtbot, window)
    assert f"{WEIGHTS} changed" in details.message.text()


def test_a_licence_not_agreed_to_fetches_nothing(hub: Hub, opened: Open, qtbot: QtBot) -> None:
    window = opened()
    look_up(qtbot, window, "some/model")
    settled(qtbot, window)
    press(qtbot, window.details.fetch)
    qtbot.waitUntil(lambda: window.findChild(Consent) is not None, timeout=20_000)
    window.findChild(Consent).reject()
    qtbot.waitUntil(lambda: window.findChild(Consent) is None)
    assert not window.desk.pulls and not hub.asked and not consent_file().exists()


@pytest.mark.parametrize(
    ("trouble", "message", "hint"),
    [
        ("away", "cannot be reached", "meshloom models pull some/model"),
        ("gated", "asks you to agree to terms first", "HF_TOKEN"),
        ("spoiled", "its hash does not match", "try later"),
        ("gone", "the Hub has no model", "check the name"),
    ],
)
def test_what_goes_wrong_is_told_in_place_and_to_the_log(
    hub: Hub, opened: Open, qtbot: QtBot, trouble: str, message: str, hint: str
) -> None:
    window = opened()
    told: list[tuple[str, str, str]] = []
    window.desk.failed.connect(lambda *said: told.append(said))
    look_up(qtbot, window, "some/other" if trouble == "gone" else "some/model")
    settled(qtbot, window)
    if trouble == "away":
        hub.close()
    hub.gated = trouble == "gated"
    hub.spoiled = {WEIGHTS} if trouble == "spoiled" else set()
    if trouble != "gone":
        press(qtbot, window.details.fetch)
    if trouble in ("gated", "spoiled"):
        agree(qtbot, window)
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    ((_source, said, advice),) = told
    assert message in said and hint in advice
    shown = window.details.message.text()
    assert message in shown.replace("&#x27;", "'") and hint in shown
    assert window.details.fetch.isEnabled(), "it can be tried again"


def test_a_process_that_is_killed_is_told_and_the_pull_goes_on(hub: Hub, opened: Open, qtbot: QtBot) -> None:
    window = opened()
    look_up(qtbot, window, "some/model")
    settled(qtbot, window)
    hub.stalls = {WEIGHTS: len(hub.files[WEIGHTS]) // 2}
    press(qtbot, window.details.fetch)
    agree(qtbot, window)
    qtbot.waitUntil(lambda: window.details.what.text() == WEIGHTS, timeout=30_000)
    window.desk.pulls["some/model"].job._process.kill()
    qtbot.waitUntil(lambda: "some/model" in window.desk.faults, timeout=10_000)
    qtbot.waitUntil(lambda: window.details.row.state == "unfinished", timeout=10_000)
    press(qtbot, window.details.fetch)
    qtbot.waitUntil(lambda: window.details.row.state == "here", timeout=60_000)
    assert not window.desk.faults


def test_a_name_that_is_none_is_told_at_once(opened: Open, qtbot: QtBot) -> None:
    window = opened()
    look_up(qtbot, window, "just-a-name")
    assert "owner/name" in window.fault.text() and window.fault.isVisible()
    assert not window.desk.busy and window.name.text() == "just-a-name"


def test_weights_are_looked_at_without_loading(own: Path, opened: Open, qtbot: QtBot) -> None:
    window = opened()
    window.list.choose("noise")
    dry = window.details.dry_run
    press(qtbot, dry.button)
    settled(qtbot, window)
    assert dry.verdict.text() == "It would load whole." and dry.table.rowCount() == 3
    whole = dry.memory.text()
    dry.boxes["quantisation"].setCurrentIndex(dry.boxes["quantisation"].findData("float8"))
    dry.boxes["quantisation"].activated.emit(1)
    qtbot.waitUntil(lambda: dry.memory.text() != whole, timeout=30_000)
    window.list.choose("broken")
    assert not dry.verdict.isVisible(), "that was of another model"
    press(qtbot, dry.button)
    settled(qtbot, window)
    assert dry.verdict.text() == "It would not load whole." and "absent: vae/" in dry.faults.text()


def test_pickled_weights_are_converted_and_those_with_code_refused(
    own: Path, opened: Open, qtbot: QtBot
) -> None:
    import torch
    from safetensors.torch import load_file

    file = own / "noise" / "vae" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(file), file.with_suffix(".bin"))
    file.unlink()

    class Trap:
        def __reduce__(self):
            return open, (str(own / "sprung"), "w")

    bad = own / "broken" / "transformer" / "diffusion_pytorch_model.safetensors"
    torch.save({"a": Trap()}, bad.with_suffix(".bin"))
    bad.unlink()
    (own / "broken" / "vae").mkdir()
    for each in (own / "noise" / "vae").iterdir():
        (own / "broken" / "vae" / each.name).write_bytes(each.read_bytes())
    window = opened()
    window.list.choose("noise")
    press(qtbot, window.details.convert)
    qtbot.waitUntil(lambda: window.details.row.state == "here", timeout=60_000)
    assert file.is_file() and "1 files written" in window.details.message.text()
    window.list.choose("broken")
    press(qtbot, window.details.convert)
    settled(qtbot, window)
    assert "asks to run code" in window.details.message.text()
    assert not (own / "sprung").exists()


def test_a_model_is_removed_after_a_question(own: Path, opened: Open, qtbot: QtBot) -> None:
    window = opened()
    window.list.choose("noise")
    press(qtbot, window.details.remove)
    box = window.findChild(QMessageBox)
    (leave,) = [each for each in box.buttons() if each.text() == "Cancel"]
    qtbot.mouseClick(leave, LEFT)
    assert (own / "noise").is_dir()
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None)
    press(qtbot, window.details.remove)
    (yes,) = [each for each in window.findChild(QMessageBox).buttons() if each.text() == "Remove"]
    qtbot.mouseClick(yes, LEFT)
    qtbot.waitUntil(lambda: all(row.source != "noise" for row in window.list.rows()), timeout=20_000)
    assert not (own / "noise").exists()


def test_a_pull_goes_on_while_the_window_is_closed(hub: Hub, opened: Open, qtbot: QtBot) -> None:
    window = opened()
    look_up(qtbot, window, "some/model")
    settled(qtbot, window)
    press(qtbot, window.details.fetch)
    agree(qtbot, window)
    window.close()
    with qtbot.waitSignal(window.desk.pulled, timeout=60_000):
        pass
    assert find("some/model").folder.is_dir()


def test_closing_the_desk_leaves_no_process(hub: Hub, opened: Open, qtbot: QtBot) -> None:
    window = opened()
    hub.stalls = {WEIGHTS: 1000}
    look_up(qtbot, window, "some/model")
    settled(qtbot, window)
    press(qtbot, window.details.fetch)
    agree(qtbot, window)
    qtbot.waitUntil(lambda: window.details.bar.value() > 0, timeout=30_000)
    job = window.desk.pulls["some/model"].job
    window.desk.close()
    assert not job.running
