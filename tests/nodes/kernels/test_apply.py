from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.codecs import digest, encode
from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.edit_with_prompt import edit_with_prompt
from meshloom.nodes.kernels._patch import watching
from meshloom.nodes.kernels.apply import apply

SMALL: dict[str, int] = {"steps": 2, "reference_side": 64}


def test_the_kernel_computes_every_call_of_the_denoiser(model, prompt, photo, chosen, warm_run):
    plain = edit_with_prompt(model, prompt, [photo], **SMALL, run=warm_run)
    patched = apply(model, chosen("reference.fp64"))
    with watching() as found:
        exact = edit_with_prompt(patched, prompt, [photo], **SMALL, run=warm_run)
    (policy,) = found
    assert {name for _, name in policy.calls} == {"reference.fp64"}
    assert sum(policy.calls.values()) == 12  # three layers, two steps, with and without the prompt
    assert policy.fell_back == 0
    difference = np.abs(exact.pixels - plain.pixels).max()
    assert 0 < difference < 1e-2
    again = edit_with_prompt(patched, prompt, [photo], **SMALL, run=warm_run)
    assert np.array_equal(exact.pixels, again.pixels)
    after = edit_with_prompt(model, prompt, [photo], **SMALL, run=warm_run)
    assert np.array_equal(after.pixels, plain.pixels)


def test_the_model_s_key_follows_the_kernel(model, chosen):
    math, flash, again = (apply(model, chosen(name)) for name in ("sdpa.math", "sdpa.flash", "sdpa.math"))
    keys = [digest(encode(held)) for held in (model, math, flash)]
    assert len(set(keys)) == 3
    assert digest(encode(apply(flash, chosen("sdpa.math")))) == digest(encode(again)) == keys[1]


def test_a_call_it_cannot_compute_is_an_error_that_names_it(model, prompt, photo, chosen, warm_run):
    patched = apply(model, chosen("sdpa.cudnn"))
    plain = edit_with_prompt(model, prompt, [photo], **SMALL, run=warm_run)
    with pytest.raises(
        NodeError, match=r"sdpa\.cudnn cannot compute b1 h2 n\d+ d32 \w+ .*not on cpu"
    ) as caught:
        edit_with_prompt(patched, prompt, [photo], **SMALL, run=warm_run)
    assert "sdpa.flash" in caught.value.hint
    after = edit_with_prompt(model, prompt, [photo], **SMALL, run=warm_run)
    assert np.array_equal(after.pixels, plain.pixels)


def test_a_fallback_is_taken_where_asked_for_and_counted(model, prompt, photo, chosen, warm_run):
    patched = apply(model, chosen("sdpa.cudnn", fallbacks=("sdpa.math",)))
    with watching() as found:
        edit_with_prompt(patched, prompt, [photo], **SMALL, run=warm_run)
    assert found[0].fell_back == sum(found[0].calls.values()) > 0
    spec = next(iter(found[0].refusals))
    told = [warning for warning in warm_run.warnings if "sdpa.cudnn" in warning]
    assert told == [
        "12 of 12 attention calls were computed by sdpa.math:"
        f" sdpa.cudnn cannot compute {spec}: runs on cuda, not on cpu"
    ]


def test_machine_code_of_ours_is_verified_apart_before_it_touches_a_model(
    model, prompt, photo, warm_run, monkeypatch
):
    """A kernel whose check dies is an error at the node; this process and the next run are untouched."""
    from meshloom.kernels.attention import isolated, registry
    from meshloom.kernels.attention.kernel import AttentionError
    from meshloom.nodes.kernels._values import AttentionKernel

    class Crashes(registry.get("sdpa.math").__class__):
        id = "test.crashes"
        risky = True
        ran = 0

        def run(self, q, k, v, mask, causal, scale, out):
            Crashes.ran += 1
            return super().run(q, k, v, mask, causal, scale, out)

    def dies(*arguments, **words):
        raise AttentionError("verify test.crashes died (signal SIGSEGV): illegal memory access")

    monkeypatch.setitem(registry._added, Crashes.id, Crashes)
    monkeypatch.setattr(isolated, "call_main", dies)
    patched = apply(model, AttentionKernel(Crashes.id, "", ""))
    with pytest.raises(NodeError, match=r"SIGSEGV.*illegal memory access"):
        edit_with_prompt(patched, prompt, [photo], **SMALL, run=warm_run)
    assert Crashes.ran == 0
    edit_with_prompt(model, prompt, [photo], **SMALL, run=warm_run)
