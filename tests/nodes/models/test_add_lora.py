from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from meshloom.graph_runtime.errors import MeshloomError
from meshloom.nodes.models.add_lora import add_lora
from meshloom.nodes.models.tiny_checkpoint import tiny_checkpoint


@pytest.fixture
def file(tmp_path):
    name = "transformer.transformer_blocks.0.attn.to_q"
    tensors = {
        f"{name}.lora_A.weight": np.ones((2, 64), np.float32),
        f"{name}.lora_B.weight": np.ones((64, 2), np.float32),
    }
    save_file(tensors, tmp_path / "style.safetensors")
    return tmp_path / "style.safetensors"


def test_several_make_a_list(file, run):
    model = add_lora(add_lora(tiny_checkpoint(), file, 0.5, run=run), file, -1.0, run=run)
    assert [(lora.file, lora.strength) for lora in model.loras] == [(str(file), 0.5), (str(file), -1.0)]


def test_another_content_is_another_adaptation(file, run):
    one = add_lora(tiny_checkpoint(), file, run=run).loras[0]
    save_file({"x.lora_A.weight": np.zeros((2, 64), np.float32)}, file)
    assert add_lora(tiny_checkpoint(), file, run=run).loras[0].digest != one.digest


def test_none_or_no_strength_leaves_the_model(file, run):
    model = tiny_checkpoint()
    assert add_lora(model, None, run=run) is model
    assert add_lora(model, file, 0.0, run=run) is model


def test_a_file_of_something_else_is_told(tmp_path, run):
    whole = tmp_path / "model.safetensors"
    save_file({"weight": np.ones(3, np.float32)}, whole)
    with pytest.raises(MeshloomError, match="holds 1 tensors and no adaptation"):
        add_lora(tiny_checkpoint(), whole, run=run)
    whole.write_bytes(b"nothing")
    with pytest.raises(MeshloomError, match="no sound safetensors"):
        add_lora(tiny_checkpoint(), whole, run=run)
