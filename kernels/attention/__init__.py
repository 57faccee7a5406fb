"""Attention kernels: one interface, a registry that says why a kernel cannot be used, a gate, an honest benchmark.

Every tensor here is ``(B, S, H, D)``: batch, sequence, heads, head dimension, the order that pipelines hold
them in (torch's own function wants heads before sequence). ``softmax(Q K^T * scale + mask) V``; a query that
may see no key gives zeros; causal is aligned at the bottom right (the last query sees all keys).

==================  ==================================================================================
spec                :class:`AttnSpec`: what one call asks for; :class:`Verdict`: yes, or why not and the fix
device              :class:`DeviceCaps`: what the machine can do
kernel              :class:`Kernel`: what an implementation says of itself, and its fingerprint
registry            all kernels, and for a spec each with its verdict
impl/               the kernels, one file each; own/ the sources of those that are ours
inputs check        adversarial inputs, and the gate that a kernel passes before it is timed
isolated            the gate in a process of its own, for kernels that may take it down
bench stats         paired, interleaved timing with an A/A null and 95 % intervals
resources           registers, spills, shared memory, occupancy by cross-compiling: no GPU needed
census adapters_*   every attention call of a pipeline counted; a kernel put into one and taken out again
==================  ==================================================================================
"""
