from __future__ import annotations

import pytest

from meshloom.kernels.attention.spec import AttnSpec
from meshloom.nodes.kernels.census import census


def test_every_call_of_an_edit_is_counted(model, prompt, photo, warm_run):
    held = census(model, prompt, [photo], steps=2, reference_side=64, run=warm_run)
    rows = [dict(zip(held.table.columns, row, strict=True)) for row in held.table.rows]
    shapes = [row["shape"] for row in rows[:-2]]
    assert held.shapes.text == "\n".join(shapes)
    denoiser = [row for row in rows[:-2] if AttnSpec.parse(row["shape"]).hq == 2]
    autoencoder = [row for row in rows[:-2] if AttnSpec.parse(row["shape"]).hq == 1]
    assert autoencoder  # seen too, though no kernel can be put into it by diffusers
    # Three layers, two steps, and true classifier-free guidance runs the denoiser with and without the prompt.
    assert sum(row["calls"] for row in denoiser) == 12
    assert all(row["ms together"] > 0 for row in rows[:-2])
    assert 0 < held.attention < 100
    assert held.attention == pytest.approx(sum(held.figure.series[0].y))
    assert "twice as fast" in rows[-1]["shape"]
