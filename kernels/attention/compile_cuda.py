"""CUDA C++ to machine code by NVRTC, loaded and launched through the driver: no nvcc, no compiler on the machine.

NVRTC comes with CUDA builds of torch, with the wheel ``nvidia-cuda-nvrtc`` (which needs no GPU) or with a CUDA
toolkit.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from meshloom.kernels.attention.kernel import AttentionError

INSTALL = 'pip install "meshloom[kernels]", or a CUDA build of torch'


@functools.cache
def find_nvrtc() -> Path | None:
    """The NVRTC library: of a wheel, else of a CUDA toolkit; None where there is none. Imports nothing."""
    pattern = "nvrtc64_*_0.dll" if sys.platform == "win32" else "libnvrtc.so.[0-9]*"
    folders: list[Path] = []
    spec = importlib.util.find_spec("nvidia")
    for place in spec.submodule_search_locations or () if spec else ():
        folders += [held for held in Path(place).glob("*/*") if held.name in ("lib", "bin")]
    folders += [Path("/usr/local/cuda/lib64"), Path("/usr/lib/x86_64-linux-gnu")]
    found = [
        file for folder in folders for file in sorted(folder.glob(pattern)) if "builtins" not in file.name
    ]
    return found[0] if found else None


def find_cuobjdump() -> Path | None:
    """NVIDIA's reader of machine code: Triton's wheel carries it, a CUDA toolkit too."""
    spec = importlib.util.find_spec("triton")
    for place in spec.submodule_search_locations or () if spec else ():
        held = Path(place) / "backends" / "nvidia" / "bin" / "cuobjdump"
        if held.is_file():
            return held
    on_path = shutil.which("cuobjdump")
    return Path(on_path) if on_path else None


def compile_cuda(source: str, name: str, arch: str, defines: dict[str, int]) -> bytes:
    """The cubin of a source for ``arch`` (sm_80, sm_90a, ...). Raises :class:`AttentionError` with NVRTC's log."""
    path = find_nvrtc()
    if path is None:
        raise AttentionError("NVRTC is not installed", INSTALL)
    nvrtc = ctypes.CDLL(str(path))
    options = [f"--gpu-architecture={arch}", "--std=c++17", "--use_fast_math", "-default-device"]
    options += [f"-D{key}={held}" for key, held in defines.items()]
    program = ctypes.c_void_p()
    _need(
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), name.encode(), 0, None, None),
        "NVRTC could not start",
    )
    try:
        words = (ctypes.c_char_p * len(options))(*(word.encode() for word in options))
        if nvrtc.nvrtcCompileProgram(program, len(options), words):
            log = _text(nvrtc, "nvrtcGetProgramLog", program)
            said = next((line for line in log.splitlines() if "error" in line), "no reason given")
            raise AttentionError(f"{name} does not compile for {arch}: {said}", log=log)
        return _bytes(nvrtc, "nvrtcGetCUBIN", program)
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _bytes(nvrtc: Any, what: str, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    _need(getattr(nvrtc, f"{what}Size")(program, ctypes.byref(size)), f"{what}Size failed")
    held = ctypes.create_string_buffer(size.value)
    _need(getattr(nvrtc, what)(program, held), f"{what} failed")
    return held.raw


def _text(nvrtc: Any, what: str, program: ctypes.c_void_p) -> str:
    return _bytes(nvrtc, what, program).rstrip(b"\0").decode(errors="replace")


def _need(status: int, message: str) -> None:
    if status:
        raise AttentionError(f"{message} (code {status})")


class Function:
    """A kernel in the current CUDA context. Raises :class:`AttentionError` where the driver refuses it."""

    def __init__(self, cubin: bytes, name: str, shared: int) -> None:
        library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
        try:
            self._driver = ctypes.CDLL(library)
        except OSError as error:
            raise AttentionError(
                f"the CUDA driver is not there: {error}", "install NVIDIA's driver"
            ) from error
        self._module, self._function = ctypes.c_void_p(), ctypes.c_void_p()
        self._shared = shared
        self._call("cuModuleLoadData", ctypes.byref(self._module), cubin)
        self._call("cuModuleGetFunction", ctypes.byref(self._function), self._module, name.encode())
        maximum_dynamic_shared_memory = 8
        self._call("cuFuncSetAttribute", self._function, maximum_dynamic_shared_memory, shared)

    def _call(self, what: str, *arguments: Any) -> None:
        status = getattr(self._driver, what)(*arguments)
        if status:
            said = ctypes.c_char_p()
            self._driver.cuGetErrorString(status, ctypes.byref(said))
            raise AttentionError(f"{what}: {(said.value or b'unknown error').decode()} (code {status})")

    def launch(self, grid: tuple[int, int], threads: int, stream: int, arguments: Sequence[Any]) -> None:
        """Put a launch on ``stream``; ``arguments`` are ctypes values in order."""
        places = (ctypes.c_void_p * len(arguments))(
            *(ctypes.cast(ctypes.byref(held), ctypes.c_void_p) for held in arguments)
        )
        shape = [ctypes.c_uint(held) for held in (*grid, 1, threads, 1, 1, self._shared)]
        self._call("cuLaunchKernel", self._function, *shape, ctypes.c_void_p(stream), places, None)
