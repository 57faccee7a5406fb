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
