"""What is told beside figures: the load of others, and of a GPU its clock, power and temperature."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import time

import pytest

from meshloom.kernels.attention import conditions, nvml
from meshloom.kernels.attention.conditions import Watch
from meshloom.kernels.attention.nvml import Reading

#: The functions of NVIDIA's management library that are called, with its signatures; one GPU, known by UUID.
NVML = r"""
#include <string.h>
static int begun;
int nvmlInit_v2(void) { begun = 1; return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    if (!begun || strcmp(uuid, "GPU-1234")) return 6;
    *device = (void *)0x1234567890LL;
    return 0;
}
static int known(void *device) { return device == (void *)0x1234567890LL ? 0 : 2; }
int nvmlDeviceGetClockInfo(void *device, int type, unsigned *mhz) {
    *mhz = type == 1 ? 1980 : 1;
    return known(device);
}
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts) { *milliwatts = 612345; return known(device); }
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *degrees) {
    *degrees = sensor == 0 ? 61 : 1;
    return known(device);
}
"""


@pytest.mark.skipif(sys.platform == "win32" or shutil.which("gcc") is None, reason="no gcc")
def test_a_gpu_is_read_by_its_uuid(tmp_path, monkeypatch):
    (tmp_path / "nvml.c").write_text(NVML)
    library = tmp_path / "nvml.so"
    subprocess.run(["gcc", "-shared", "-fPIC", str(tmp_path / "nvml.c"), "-o", str(library)], check=True)
    held = ctypes.CDLL(str(library))
    assert held.nvmlInit_v2() == 0
    monkeypatch.setattr(nvml, "_library", lambda: held)
    assert nvml.read("1234") == nvml.read("GPU-1234") == Reading(1980.0, 612.345, 61.0)
    assert nvml.read("4321") is None
    assert nvml.read("") is None


def test_where_there_is_no_driver_nothing_is_told(monkeypatch):
    monkeypatch.setattr(nvml, "_library", lambda: None)
    watch = Watch("cpu")
    watch.round()
    assert nvml.read("GPU-1234") is None and watch.end().readings == []


def test_rounds_whose_clock_is_off_are_named(monkeypatch):
    clocks = iter([1980.0, 1980.0, 1700.0, 1985.0, 2100.0])
    monkeypatch.setattr(conditions, "read", lambda uuid: Reading(next(clocks), 600.0, 60.0))
    watch = Watch("cpu")
    for _ in range(5):
        watch.round()
    assert watch.end().drifted == [2, 4]


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell")
def test_own_work_is_not_the_load_of_others(monkeypatch):
    counts = iter([(100.0, 200.0), (103.0, 204.0)])
    spent = iter([10.0, 11.0])
    monkeypatch.setattr(conditions, "_busy", lambda: next(counts))
    monkeypatch.setattr(time, "process_time", lambda: next(spent))
    assert Watch("cpu").end().load == 0.5  # 3 of 4 seconds were busy, 1 of them ours
