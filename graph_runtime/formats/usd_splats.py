"""Splats in USD: ``ParticleField3DGaussianSplat`` of UsdVol (OpenUSD 26.03 and later).

Linear scales, opacities in 0..1, rotations w, x, y, z, coefficients of a splat one after the other; +Y up, as the
stage says, and how the scene was trained in ``customLayerData``. Written as text by ourselves; read by Pixar's
library (the extra ``usd``), in a process of its own.
"""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.splat_parts import (
    BANDS,
    Array,
    Warn,
    joined,
    normalised,
    placed,
    repaired,
    y_flipped,
)
from meshloom.graph_runtime.types import Splats

#: Seconds after which reading is given up; what a file may take by its size is set in the reading process.
PATIENCE = 300
BROKE_OFF = "USD's reader broke off, or wanted more than a file of its size needs"
_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def write_usda(splats: Splats) -> bytes:
    """The file, text; numbers with the digits that float32 needs to come back as they were."""
    flipped = y_flipped(splats)
    low, high = flipped.means.min(axis=0), flipped.means.max(axis=0)
    reach = 3 * flipped.scales.max()
    out = io.StringIO()
    out.write('#usda 1.0\n(\n    customLayerData = {\n        string generator = "Meshloom"\n')
    out.write(f"        bool antialiased = {int(splats.antialiased)}\n    }}\n")
    out.write('    defaultPrim = "splats"\n    metersPerUnit = 1\n    upAxis = "Y"\n)\n\n')
    out.write('def ParticleField3DGaussianSplat "splats"\n{\n')
    _rows(out, "float3[] extent", np.array([low - reach, high + reach]))
    _rows(out, "point3f[] positions", flipped.means)
    _rows(out, "quatf[] orientations", normalised(flipped.quaternions))
    _rows(out, "float3[] scales", flipped.scales)
    _rows(out, "float[] opacities", np.clip(flipped.opacities, 0, 1)[:, None])
    out.write(f"    uniform int radiance:sphericalHarmonicsDegree = {splats.degree}\n")
    _rows(out, "float3[] radiance:sphericalHarmonicsCoefficients", flipped.sh.reshape(-1, 3))
    out.write("}\n")
    return out.getvalue().encode("ascii")


def _rows(out: io.StringIO, name: str, table: Array) -> None:
    table = np.asarray(table, np.float32)
    if table.shape[1] == 1:
        words = ", ".join(map("{:.9g}".format, table[:, 0].tolist()))
    else:
        row = "(" + ", ".join(["{:.9g}"] * table.shape[1]) + ")"
        words = ", ".join(row.format(*values) for values in table.tolist())
    out.write(f"    {name} = [{words}]\n")


def read_usd_splats(path: Path, warn: Warn | None = None) -> Splats:
    """All splats of the stage, in our world. Raises ``NodeError``."""
    if importlib.util.find_spec("pxr") is None:
        raise NodeError(
            f"{path.name} is USD, which needs a package that is not installed",
            hint="pip install 'meshloom[usd]', or export it as PLY or SPZ",
        )
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "arrays.npz"
        words = [
            sys.executable,
            "-P",
            "-m",
            "meshloom.graph_runtime.formats._usd_child",
            str(path),
            str(target),
        ]
        try:
            ended = subprocess.run(
                words,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NodeError(
                f"{path.name} was not read within {PATIENCE} s", hint="export it as PLY or SPZ"
            ) from None
        if ended.returncode or not target.exists():
            said = ended.stderr.strip().splitlines()
            reason = said[-1] if said and ended.returncode == 3 else BROKE_OFF
            raise NodeError(f"{path.name} cannot be read: {reason}", hint="export it again, or as PLY or SPZ")
        return splats_of(target, path.name, warn)


def splats_of(file: Path, name: str, warn: Warn | None = None) -> Splats:
    """The scene of what the reading process left in ``file``. Raises ``NodeError`` naming ``name``."""
    with np.load(file, allow_pickle=False) as held:
        arrays = {part: held[part] for part in held.files}
    parts = [_prim(arrays, number, name, warn) for number in range((len(arrays) - 2) // 7)]
    whole = joined(parts, bool(arrays["antialiased"]))
    return y_flipped(placed(whole, _Z_UP) if str(arrays["up"]) == "Z" else whole)


def _prim(arrays: dict[str, Array], number: int, name: str, warn: Warn | None) -> Splats:
    means, turns, scales, opacities, sh = (
        arrays[f"{part}_{number}"] for part in ("means", "quaternions", "scales", "opacities", "sh")
    )
    count, degree = len(means), int(arrays[f"degree_{number}"])
    if not 0 <= degree <= 3:
        raise NodeError(f"{name} has spherical harmonics of degree {degree}; expected 0 to 3")
    bands = BANDS[degree]
    sh = np.zeros((count * bands, 3), np.float32) if len(sh) < count * bands else sh[: count * bands]
    # What is too short is left out, what is too long is cut: so the schema says.
    scales = np.ones((count, 3), np.float32) if len(scales) < count else scales[:count]
    opacities = np.ones(count, np.float32) if len(opacities) < count else opacities[:count]
    unturned = np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))
    turns = unturned if len(turns) < count else turns[:count]
    found = repaired(name, means, turns, scales, opacities, sh.reshape(count, bands, 3), False, warn)
    try:
        return placed(found, arrays[f"matrix_{number}"])
    except ValueError as error:
        raise NodeError(
            f"{name} places its splats by {error}", hint="apply the transform before exporting"
        ) from None
