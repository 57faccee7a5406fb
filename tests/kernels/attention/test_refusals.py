from meshloom.kernels.attention.catalogue import KERNELS
from meshloom.kernels.attention.refusals import refusals


def test_what_cannot_be_used_here_is_told_with_a_reason():
    told = refusals()
    assert told.keys() < set(KERNELS) and all(told.values())
    assert not {"reference.fp64", "sdpa.default", "sdpa.math"} & told.keys()
