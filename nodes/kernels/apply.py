"""A model with another kernel of attention."""

from __future__ import annotations

from meshloom.graph_runtime.models.values import ModelRef
from meshloom.graph_runtime.spec import node
from meshloom.nodes.kernels._patch import with_kernel
from meshloom.nodes.kernels._values import AttentionKernel


@node(
    "Apply kernel",
    aliases=("attention backend", "patch", "sage attention", "flash attention", "set attention"),
)
def apply(model: ModelRef, kernel: AttentionKernel) -> ModelRef:
    """Let a kernel compute the attention of a diffusion model; weights are neither loaded anew nor changed.

    The kernel holds only while a node runs the model, and is taken off again whatever happens. A call that it
    cannot compute is an error that names the call, unless the kernel has fallbacks. Text encoders and the
    autoencoder keep torch's own attention.

    model: from models.load or models.tiny_checkpoint.
    kernel: from kernels.attention; another one replaces it.
    """
    return with_kernel(model, kernel)
