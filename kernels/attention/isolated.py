"""The gate in a process of its own: an illegal access or a compiler's crash takes that one down and not this.

An illegal access on a GPU also poisons the CUDA context for everything after it. Kernels whose native code does not
come with torch are verified here the first time; what they pass is remembered by fingerprint for this process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from meshloom.kernels.attention.check import Report
from meshloom.kernels.attention.device import device_caps
from meshloom.kernels.attention.kernel import AttentionError, Kernel

MAIN = Path(__file__).with_name("__main__.py")
#: The gate prints one line that begins so.
MARK = "meshloom-attention: "

_passed: dict[str, Report] = {}


def call_main(*arguments: str, env: Mapping[str, str] | None = None, timeout: float = 600) -> Any:
    """What ``python -m meshloom.kernels.attention`` with ``arguments`` printed after :data:`MARK`, from JSON.

    Raises :class:`AttentionError` saying how it died, with the end of what it wrote.
    """
    command = [sys.executable, str(MAIN), *arguments]
    told = " ".join(arguments[:4])
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **(env or {})},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AttentionError(f"{told} took longer than {timeout:g} s and was ended") from error
    for line in reversed(ran.stdout.splitlines()):
        if line.startswith(MARK):
            return json.loads(line[len(MARK) :])
    log = (ran.stdout + ran.stderr).strip()
    how = f"exit code {ran.returncode}"
    if ran.returncode < 0:
        how = f"signal {signal.Signals(-ran.returncode).name}"
    last = log.splitlines()[-1] if log else "it said nothing"
    raise AttentionError(f"{told} died ({how}): {last}", log=log[-8000:])


def verify_apart(
    kernel: Kernel,
    device: str = "cpu",
    dtypes: Iterable[str] = ("fp32", "fp16", "bf16"),
    dims: Iterable[int] = (64, 128),
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
) -> Report:
    """:func:`check.verify` in a process of its own. Raises :class:`AttentionError` where that process dies."""
    held = call_main(
        "verify",
        kernel.id,
        "--options",
        json.dumps(kernel.chosen),
        "--device",
        device,
        "--dtypes",
        ",".join(dtypes),
        "--dims",
        ",".join(map(str, dims)),
        env=env,
        timeout=timeout,
    )
    return Report.from_json(held)


def clear(kernel: Kernel, device: str) -> Report | None:
    """Verify a risky kernel apart, once for each fingerprint; None for others. Raises AttentionError if it fails."""
    if not kernel.risky:
        return None
    key = kernel.fingerprint(device_caps(device))
    if key not in _passed:
        report = verify_apart(kernel, device)
        if not report.passed:
            raise AttentionError(str(report), "its figures mean nothing until it is mended")
        _passed[key] = report
    return _passed[key]
