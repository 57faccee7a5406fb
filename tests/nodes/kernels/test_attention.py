from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.kernels.attention import registry
from meshloom.kernels.attention.catalogue import KERNELS
from meshloom.nodes.kernels.attention import attention


def test_the_choice_is_a_value_with_a_fingerprint(chosen):
    kernel = chosen("sdpa.flash")
    assert (kernel.id, kernel.exact, kernel.options) == ("sdpa.flash", True, "{}")
    assert kernel.fingerprint == chosen("sdpa.flash").fingerprint
    assert kernel.fingerprint != chosen("sdpa.math").fingerprint


def test_the_table_says_of_every_kernel_whether_and_why_not(run):
    table = attention(run=run).available
    assert [row[0] for row in table.rows] == list(KERNELS)
    for name, _, usable, reason, *_ in table.rows:
        assert (usable == "yes") == (reason == ""), name
    told = {row[0]: row for row in table.rows}
    assert told["sdpa.cudnn"][3] == "runs on cuda, not on cpu"
    assert told["sage.1"][5] == "lossy"


def test_what_is_not_installed_is_an_error_with_the_command(run):
    absent = next(name for name in ("flash_attn.3", "sage.3") if not registry.get(name).installed())
    with pytest.raises(NodeError, match="not installed") as caught:
        attention(absent, lossy=True, run=run)
    assert caught.value.hint


def test_lossy_kernels_must_be_allowed(run, monkeypatch):
    kernel = type(registry.get("sdpa.flash"))
    monkeypatch.setattr(kernel, "exact", False)
    with pytest.raises(NodeError, match="quantises") as caught:
        attention("sdpa.flash", run=run)
    assert "lossy" in caught.value.hint
    assert not attention("sdpa.flash", lossy=True, run=run).kernel.exact


def test_a_shape_it_cannot_compute_is_an_error_where_asked(run):
    assert attention("sdpa.cudnn", run=run).kernel.id == "sdpa.cudnn"
    with pytest.raises(NodeError, match=r"b1 h24 n4096 d128 bf16.*not on cpu") as caught:
        attention("sdpa.cudnn", need="shape", run=run)
    assert "sdpa.flash" in caught.value.hint
    held = attention("sdpa.cudnn", need="shape", fallbacks=("sdpa.flash",), run=run).kernel
    assert held.fallbacks == ("sdpa.flash",)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"shape": "b1 h24"}, "missing"),
        ({"shape": "h1 n1 d8\nh1 n2 d8"}, "expected one"),
        ({"kernel": "own.cpu_bf16", "options": "fast"}, "no option"),
        ({"kernel": "own.cpu_bf16", "options": "fast=1"}, "no option fast"),
        ({"fallbacks": ("sdpa.fast",)}, "no kernel is called"),
    ],
)
def test_what_is_wrong_is_told(run, words, said):
    with pytest.raises(NodeError, match=said):
        attention(run=run, **words)
