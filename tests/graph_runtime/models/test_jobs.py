"""Work on models in a process of its own: the lines it speaks, and that nothing else garbles them."""

from __future__ import annotations

import io
import json
import subprocess
import sys

from meshloom.graph_runtime.models.jobs import serve
from meshloom.graph_runtime.models.known import KNOWN, known
from meshloom.graph_runtime.models.licences import PRIVATE, UNKNOWN
from meshloom.graph_runtime.models.places import find, is_hub_id


def ask(**request: object) -> list[dict]:
    out = io.BytesIO()
    serve(json.dumps(request).encode(), out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_pull_asks_for_the_licence_that_was_shown(hub):
    (said,) = ask(do="look_up", source="some/model")
    plan = said["result"]
    assert (plan["files"], plan["missing"], plan["agreed"]) == (len(hub.files), plan["bytes"], False)
    assert plan["free"] > 0 and plan["licence"]["name"] == "apache-2.0"
    (refused,) = ask(do="pull", source="some/model", agreed="another")
    assert "has not been agreed to" in refused["error"] and not hub.asked
    *progress, last = ask(do="pull", source="some/model", agreed="apache-2.0")
    assert last["result"]["folder"] == str(find("some/model").folder)
    assert progress[-1]["progress"][:2] == [plan["bytes"], plan["bytes"]]
    assert ask(do="look_up", source="some/model")[0]["result"]["agreed"]
    assert ask(do="remove", source="some/model")[0]["result"]["freed"] > 1_000_000


def test_faults_are_answers(home):
    (said,) = ask(do="look_up", source="some/model")
    assert "cannot be reached" in said["error"] and "meshloom models pull some/model" in said["hint"]
    assert "expected owner/name" in ask(do="pull", source="no-name")[0]["hint"]
    assert "KeyError" in ask(do="sing")[0]["error"]


def test_the_process_says_nothing_but_its_lines(checkpoint):
    request = json.dumps({"do": "inspect", "source": str(checkpoint), "quantisation": "float8"})
    command = [sys.executable, "-P", "-m", "meshloom.graph_runtime.models.jobs"]
    ended = subprocess.run(command, input=request + "\n", capture_output=True, text=True, timeout=120)
    (line,) = ended.stdout.splitlines()
    found = json.loads(line)["result"]
    assert found["sound"] and found["estimate"]["device"] > 0 and found["too_large"] is None
    assert [part["name"] for part in found["parts"] if not part["loads"]] == []


def test_what_is_known_of_is_sound():
    assert len({each.source for each in KNOWN}) == len(KNOWN)
    for each in KNOWN:
        assert is_hub_id(each.source) and each.bytes > 1e9 and each.purpose.endswith(".")
        assert each.licence.kind != UNKNOWN
    kontext = known("black-forest-labs/FLUX.1-Kontext-dev")
    assert (
        kontext is not None
        and kontext.licence.kind == PRIVATE
        and "agree to terms" in kontext.licence.meaning
    )
