"""Attention kernels: does the benchmark keep its promises, and what do our kernels and our layer cost or win?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from meshloom.graph_runtime.models.sampling import Job, encode_prompt, make_picture
from meshloom.graph_runtime.types import Image
from meshloom.kernels.attention import registry
from meshloom.kernels.attention.bench import Plan, compare
from meshloom.kernels.attention.check import verify
from meshloom.kernels.attention.device import device_caps
from meshloom.kernels.attention.inputs import random_call
from meshloom.kernels.attention.policy import Policy
from meshloom.kernels.attention.spec import AttnSpec
from meshloom.nodes.kernels._patch import watching, with_kernel
from meshloom.nodes.kernels._values import AttentionKernel
from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint


def bench_a_kernel_against_itself() -> None:
    """20 comparisons of sdpa.flash with itself: how often its 95 % interval holds 1, and what it is called."""
    spec = AttnSpec.parse("b1 h8 n512 d128 bf16")
    kernel = registry.get("sdpa.flash")
    held, noises, verdicts = 0, [], []
    for seed in range(20):
        found = compare(
            [kernel, kernel], [spec], Plan(seed=seed, warm_up=0.1, gate=False, ceiling=False)
        ).specs[0]
        assert found.null is not None
        held += 1.0 in found.null
        noises.append(found.noise)
        verdicts.append(found.rows[1].verdict)
    print(f"\nA/A within its own 95 % interval: {held} of 20; noise median \u00b1 {median(noises):.1%}")
    print(f"the same kernel as a second arm: {verdicts.count('indistinguishable')} of 20 indistinguishable")
    assert held >= 17  # fewer would happen once in 400 times to an interval that keeps 95 %


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Put back after each."""
    held = torch.get_num_threads()
    yield
    torch.set_num_threads(held)


@pytest.mark.timeout(1800)
def bench_our_bf16_attention_on_a_processor() -> None:
    """Beside torch's own, paired in one run, at a shape of image models; both through the gate."""
    caps = device_caps("cpu")
    specs = [
        AttnSpec.parse(f"b1 h24 n{n} d128 bf16{more}")
        for n, more in ((4096, ""), (1024, ""), (1024, " causal"))
    ]
    flags = ", ".join(sorted(caps.features))
    print(f"\n{caps} ({flags}), {torch.get_num_threads()} threads")
    kernels = [registry.get(name) for name in ("sdpa.flash", "own.cpu_bf16")]
    if not kernels[1].supports(specs[0], caps):
        print(f"own.cpu_bf16: {kernels[1].supports(specs[0], caps)}")
        return
    for held in compare(kernels, specs, Plan(rounds=6, inputs=1)).specs:
        ours = held.rows[1]
        assert ours.status == "ok", ours.reason
        ratio = f"{ours.speedup:.2f}x sdpa.flash [{ours.speedup_low:.2f}, {ours.speedup_high:.2f}]"
        print(
            f"{held.spec}: own.cpu_bf16 {ratio}, {1000 * ours.tflops:.0f} GFLOP/s,"
            f" {ours.gemm_share:.0%} of a matrix product,"
            f" relative error {ours.rel_error:.1e} (sdpa.flash {held.rows[0].rel_error:.1e}),"
            f" A/A noise \u00b1 {held.noise:.1%}, others' load {held.foreign_load:.0%}"
        )


def bench_a_tiny_edit_by_every_kernel(warm_run: Any) -> None:
    """Pictures of a tiny Qwen-Image-Edit by each kernel of this machine, beside double precision; A/A is exact."""
    image = Image(np.random.default_rng(0).integers(0, 255, (128, 128, 3)).astype(np.uint8))
    model = tiny_checkpoint()
    prompt = encode_prompt(model, "make it blue", " ", [image], warm_run)
    job = Job("edit", prompt, (image,), steps=4, width=128, height=128, reference_side=128)

    def made(name: str) -> tuple[np.ndarray, Policy]:
        with watching(1) as found:
            pixels = make_picture(with_kernel(model, AttentionKernel(name, "", "")), job, warm_run).pixels
        return pixels.astype(np.float64), found[-1]

    true, policy = made("reference.fp64")
    specs = [call.spec for _, call in policy.captured]
    print(f"\n{', '.join(map(str, specs))}; {sum(policy.calls.values())} calls")
    for name in registry.ids():
        kernel = registry.get(name)
        if kernel.exact and all(kernel.supports(spec, device_caps("cpu")) for spec in specs):
            (one, _), (two, _) = made(name), made(name)
            error = np.linalg.norm(one - true) / np.linalg.norm(true)
            print(
                f"{name:<16} relative error {error:.1e}, A/A largest difference {np.abs(one - two).max():g}"
            )
            assert np.array_equal(one, two)


def bench_what_the_layer_costs() -> None:
    """A call through a policy, which looks at it, counts it and picks the kernel, beside the bare call."""
    call = random_call(AttnSpec.parse("b1 h2 n64 d64 fp32"))
    q, k, v = (tensor.transpose(1, 2).contiguous() for tensor in call[:3])
    policy = Policy(registry.get("sdpa.default"))
    torch.set_num_threads(1)

    def spent(work: Any) -> float:
        began = time.process_time()
        for _ in range(300):
            work()
        return (time.process_time() - began) / 300 * 1e6

    pairs = [
        (
            spent(lambda: F.scaled_dot_product_attention(q, k, v)),
            spent(lambda: policy(*call[:3])),
        )
        for _ in range(9)
    ]
    bare, more = median(one for one, _ in pairs), median(two - one for one, two in pairs)
    print(f"\nbare {bare:.0f} \u00b5s a call; through the policy {more:.0f} \u00b5s more")


def bench_the_gate() -> None:
    """How long a kernel is checked before it is timed."""
    for name in ("sdpa.flash", "own.cpu_bf16"):
        kernel = registry.get(name)
        if kernel.supports(AttnSpec.parse("h1 n8 d128 bf16"), device_caps("cpu")):
            began = time.process_time()
            report = verify(kernel, dtypes=["bf16"], dims=[128])
            print(f"\n{report}: {time.process_time() - began:.1f} s CPU")
            assert report.passed
