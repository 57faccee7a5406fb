"""What a compiled kernel takes of a multiprocessor, from the cubin alone: no GPU is needed."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Resources:
    """One compiled variant. ``shared``: bytes of shared memory a CTA; ``spilled``: bytes of stack a thread;
    ``ctas``: CTAs that fit on a multiprocessor at once; ``occupancy``: share of its warps; ``limit``: by what.

    ``opcodes``: how many instructions of the kinds that matter the machine code holds.
    """

    kernel: str
    variant: str
    arch: str
    registers: int
    spilled: int
    shared: int
    threads: int
    ctas: int
    occupancy: float
    limit: str
    opcodes: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


#: Instructions counted: tensor core products by generation, exponentials, and what moves data.
OPCODES = (
    *("HGMMA", "QGMMA", "HMMA", "IMMA", "MUFU.EX2", "LDSM"),
    *("LDGSTS", "UTMALDG", "LDG", "STG", "LDL", "STL", "BAR"),
)


@dataclass(frozen=True)
class Multiprocessor:
    """What one has to give. ``shared``: bytes for all CTAs, of which each takes 1 KB more than it asks for."""

    warps: int
    ctas: int
    shared: int
    registers: int = 65536


#: CUDA C++ Programming Guide, table "Technical Specifications per Compute Capability".
MULTIPROCESSORS = {
    80: Multiprocessor(64, 32, 164 << 10),
    86: Multiprocessor(48, 16, 100 << 10),
    89: Multiprocessor(48, 24, 100 << 10),
    90: Multiprocessor(64, 32, 228 << 10),
    100: Multiprocessor(64, 32, 228 << 10),
    120: Multiprocessor(48, 24, 100 << 10),
}


def occupancy(arch: str, registers: int, shared: int, threads: int) -> tuple[int, float, str]:
    """(CTAs that fit on a multiprocessor, share of its warps, what limits them).

    Registers are handed out to a warp in units of 256, shared memory in units of 128 bytes plus 1 KB a CTA.
    """
    held = MULTIPROCESSORS[int(arch.removeprefix("sm_").rstrip("a"))]
    warps = -(-threads // 32)
    per_warp = -(-max(registers, 1) * 32 // 256) * 256
    fits = {
        "warps": held.warps // warps,
        "CTAs": held.ctas,
        "registers": (held.registers // per_warp) // warps,
        "shared memory": held.shared // (-(-shared // 128) * 128 + 1024),
    }
    limit = min(fits, key=lambda name: fits[name])
    return fits[limit], fits[limit] * warps / held.warps, limit


def from_cubin(
    cubin: bytes,
    cuobjdump: Path,
    *,
    kernel: str,
    variant: str,
    arch: str,
    threads: int,
    shared: int,
    seconds: float,
) -> Resources:
    """Read a cubin with NVIDIA's ``cuobjdump``. ``shared``: dynamic shared memory, beside the static it tells."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        usage = _dump(cuobjdump, "--dump-resource-usage", file.name)
        machine = _dump(cuobjdump, "--dump-sass", file.name)
    # The line of the kernel itself; functions it did not inline have lines of their own.
    line = max(re.findall(r"REG:\d+.*", usage), key=lambda text: int(re.findall(r"REG:(\d+)", text)[0]))
    figures = {name: int(held) for name, held in re.findall(r"(\w+):(\d+)", line)}
    names = re.findall(r"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)", machine, re.MULTILINE)
    counted = Counter(next((known for known in OPCODES if name.startswith(known)), "") for name in names)
    static = figures.get("SHARED", 0)
    if int(arch.removeprefix("sm_").rstrip("a")) >= 90:
        static = max(0, static - 1024)  # what the system keeps of every CTA is told as the kernel's own
    taken = static + shared
    ctas, share, limit = occupancy(arch, figures["REG"], taken, threads)
    return Resources(
        kernel,
        variant,
        arch,
        figures["REG"],
        figures.get("STACK", 0) + figures.get("LOCAL", 0),
        taken,
        threads,
        ctas,
        share,
        limit,
        {name: counted[name] for name in OPCODES if counted[name]} | {"all": len(names)},
        seconds,
    )


def _dump(tool: Path, what: str, file: str) -> str:
    return subprocess.run(
        [str(tool), what, file], capture_output=True, text=True, check=True, timeout=60
    ).stdout
