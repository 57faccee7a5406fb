from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.kernels.attention.compile_cuda import find_cuobjdump, find_nvrtc
from meshloom.kernels.attention.impl import cuda_mma
from meshloom.nodes.kernels._choosing import label_of, opened
from meshloom.nodes.kernels.compare import compare
from meshloom.nodes.kernels.cuda_source import cuda_source
from meshloom.nodes.kernels.report import report

pytestmark = pytest.mark.skipif(
    find_nvrtc() is None or find_cuobjdump() is None, reason="no NVRTC, no cuobjdump"
)

LOW = {"macros": "BLOCK_N=32 QUERY_IN_REGISTERS=0 MIN_CTAS=4", "shared": 34816}


def test_ours_as_a_source_of_yours_is_the_same_machine_code(run, chosen):
    mine = cuda_source(cuda_mma.SOURCE, **LOW, run=run)
    assert label_of(mine) == "own.cuda:mma_flash.cu,BLOCK_N=32,QUERY_IN_REGISTERS=0,MIN_CTAS=4"
    tables = [report(held, architectures=("sm_80",), run=run).table for held in (mine, chosen("own.mma_low"))]
    one, two = (dict(zip(table.columns, table.rows[0], strict=True)) for table in tables)
    for figure in ("registers", "spilled bytes", "shared KiB", "CTAs per SM", "instructions", "exponentials"):
        assert one[figure] == two[figure], figure
    assert one["variant"] == "BLOCK_N=32, QUERY_IN_REGISTERS=0, MIN_CTAS=4"


def test_an_edit_is_another_kernel(run, tmp_path: Path):
    file = tmp_path / "mine.cu"
    file.write_text(cuda_mma.SOURCE.read_text())
    before = cuda_source(file, **LOW, run=run)
    file.write_text(cuda_mma.SOURCE.read_text() + "\n// edited")
    assert cuda_source(file, **LOW, run=run).fingerprint != before.fingerprint
    few = cuda_source(file, "BLOCK_N=32 QUERY_IN_REGISTERS=0 MIN_CTAS=5", run=run)
    assert few.fingerprint != before.fingerprint
    json.loads(before.options)


def test_what_the_compiler_says_is_in_the_error(run, tmp_path):
    file = tmp_path / "broken.cu"
    file.write_text('extern "C" __global__ void attend(float scale) { nonsense; }')
    with pytest.raises(NodeError, match=r"broken\.cu does not compile for sm_90") as caught:
        report(cuda_source(file, run=run), architectures=("sm_90",), run=run)
    assert "nonsense" in caught.value.hint


def test_where_there_is_no_gpu_it_is_a_row_that_says_so(run, chosen):
    mine = cuda_source(cuda_mma.SOURCE, **LOW, run=run)
    held = compare(chosen("sdpa.math"), mine, shapes="h1 n32 d64 fp32", rounds=6, check=False, run=run)
    status = {row[1]: row[2] for row in held.table.rows}
    assert status[label_of(mine)] == "unsupported: runs on cuda, not on cpu"


@pytest.mark.parametrize(
    ("content", "macros", "said"),
    [
        (b"int main() {}", "", "no function attend"),
        (b"\xff\xfe\x00attend(", "", "is no text"),
        (b"void attend(", "FAST", "is no option"),
    ],
)
def test_what_is_wrong_is_told(run, tmp_path, content, macros, said):
    file = tmp_path / "mine.cu"
    file.write_bytes(content)
    with pytest.raises(NodeError, match=said):
        cuda_source(file, macros, run=run)


def test_a_head_dimension_it_is_not_for_is_told(run):
    from meshloom.kernels.attention.device import DeviceCaps
    from meshloom.kernels.attention.spec import AttnSpec

    kernel = opened(cuda_source(cuda_mma.SOURCE, **LOW, run=run))
    h200 = DeviceCaps("cuda", "H200", sm=90)
    assert kernel.supports(AttnSpec.parse("h1 n8 d128", "cuda"), h200)
    assert "for a head dimension of 128, not 64" in str(
        kernel.supports(AttnSpec.parse("h1 n8 d64", "cuda"), h200)
    )
