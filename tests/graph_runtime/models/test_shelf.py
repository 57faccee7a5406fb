"""Models on this machine: found, listed, removed; licences kept."""

from __future__ import annotations

import shutil

import pytest

from meshloom.graph_runtime.errors import ModelError
from meshloom.graph_runtime.models import hub as client
from meshloom.graph_runtime.models.licences import agree, check_consent, has_agreed, licence_of, read_card
from meshloom.graph_runtime.models.places import Found, find
from meshloom.graph_runtime.models.shelf import held_models, remove


def test_nothing_is_there_at_first(home):
    assert held_models() == []
    with pytest.raises(ModelError, match="is not on this machine") as told:
        find("Qwen/Qwen-Image-Edit-2511", "v1")
    assert told.value.hint == "fetch it with: meshloom models pull Qwen/Qwen-Image-Edit-2511 --revision v1"


def test_a_model_is_listed_and_removed(hub):
    plan = client.look_up("some/model")
    folder = client.fetch(plan)
    (held,) = held_models()
    assert (held.source, held.commit, held.folder) == ("some/model", plan.commit, folder)
    assert (held.pipeline, held.state, held.licence.name) == ("QwenImageEditPlusPipeline", "", "apache-2.0")
    assert held.bytes == pytest.approx(plan.bytes, rel=0.05)
    assert find("some/model", plan.commit).folder == folder
    assert remove("some/model") >= held.bytes * 0.9
    assert held_models() == []
    with pytest.raises(ModelError, match="not on this machine"):
        remove("some/model")


def test_one_revision_is_removed(hub):
    plan = client.look_up("some/model")
    client.fetch(plan)
    assert remove("some/model", "main") > 1_000_000
    assert held_models() == []


def test_a_download_that_was_stopped_is_listed_as_such(hub):
    def stop(done: int, total: int, name: str) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.fetch(client.look_up("some/model"), stop)
    (held,) = held_models()
    assert held.state == "download not finished"


def test_folders_of_one_s_own_are_found_by_name(home, tiny_original):
    own = home / "own" / "noise"
    shutil.copytree(tiny_original, own)
    assert find("noise").folder == own
    (held,) = held_models()
    assert (held.source, held.state) == ("noise", "")
    weights = own / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert "is cut short" in held_models()[0].state
    shutil.rmtree(own / "vae")
    assert held_models()[0].state == "incomplete: 1 files are absent"
    remove("noise")
    assert not own.exists()


def test_folders_elsewhere_are_not_removed(home, checkpoint):
    assert find(str(checkpoint)).folder == checkpoint
    with pytest.raises(ModelError, match="was not put there by Meshloom"):
        remove(str(checkpoint))
    assert checkpoint.is_dir()


@pytest.mark.parametrize("source", ["nowhere", "/nowhere/at/all", "../up", ""])
def test_sources_that_lead_nowhere_are_told(home, monkeypatch, source):
    monkeypatch.chdir(home)
    if source == "":
        source = "no-such-model"
    with pytest.raises(ModelError, match="there is no model"):
        find(source)


def test_a_tiny_model_lies_nowhere(home):
    with pytest.raises(ModelError, match="lies nowhere"):
        find("tiny:QwenImagePipeline:0")


def test_a_revision_cannot_lead_out_of_the_cache(hub):
    client.fetch(client.look_up("some/model"))
    with pytest.raises(ModelError, match="not on this machine"):
        find("some/model", "../../../../etc/hostname")


def test_consent_is_asked_for_what_restricts_and_kept(home, tmp_path):
    (tmp_path / "README.md").write_text(
        "---\nlicense: other\nlicense_name: flux-1-dev-non-commercial-license\n---\n"
    )
    licence = licence_of(read_card(tmp_path))
    assert "Not for commercial use" in licence.meaning
    found = Found("owner/flux", tmp_path, "0" * 40)
    with pytest.raises(ModelError, match="has not been agreed to") as told:
        check_consent(found)
    assert "meshloom models licence owner/flux --accept" in told.value.hint
    agree("owner/flux", licence)
    assert has_agreed("owner/flux", licence)
    check_consent(found)
    (tmp_path / "README.md").write_text("---\nlicense: qwen-research\n---\n")
    with pytest.raises(ModelError, match="qwen-research"):  # it has another licence now
        check_consent(found)
    (tmp_path / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    check_consent(found)
