"""Makes and mends ``.venv``: system libraries, torch, the package and its extras as constraints.txt says.

Run by bootstrap.py. Does nothing, in a fraction of a second, when all is as it left it. After being killed at
any moment, the next call notices and mends what was half done.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bootstrap import suits

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = runpy.run_path(str(ROOT / "graph_runtime" / "system.py"))
WINDOWS = os.name == "nt"

#: What an extra must be able to import once installed. A wheel whose shared library is missing shows here.
IMPORTS = {
    "": "import numpy, torch, open3d, meshloom",
    "app": "import PySide6.QtWidgets, pyqtgraph",
    "diffusion": "import diffusers, transformers, huggingface_hub, peft",
}
#: Settings of a user's pip that would put packages outside the environment.
ELSEWHERE = ("PIP_PREFIX", "PIP_TARGET", "PIP_USER", "PYTHONHOME", "PYTHONPATH")
FREE_BYTES = 4 << 30


class Stop(Exception):
    """Set-up cannot go on; the message says why and what to do."""


def say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


# ----------------------------------------------------------------------------------- system libraries


def system_libraries(extras: Sequence[str]) -> str | None:
    """Install what is missing when root on a system with apt; else the command that would, for the user."""
    if os.environ.get("MESHLOOM_SKIP_SYSTEM_CHECK"):
        return None
    missing = SYSTEM["missing_libraries"](extras)
    if not missing:
        return None
    command: str = SYSTEM["install_command"](missing)
    wanted = ", ".join(f"{library.name} ({library.why})" for library in missing)
    if SYSTEM["package_manager"]() == "apt-get" and os.geteuid() == 0:
        say(f"system libraries missing: {wanted}")
        apt_install(SYSTEM["packages"](missing, "apt-get"))
        missing = SYSTEM["missing_libraries"](extras)
    if not missing:
        return None
    return (
        f"system libraries are missing: {wanted}\n  {command}\nThen run the same again. "
        "(MESHLOOM_SKIP_SYSTEM_CHECK=1 goes on without.)"
    )


def apt_install(packages: Sequence[str]) -> None:
    """Best effort: what it could not install is found missing afterwards."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    say(" ".join(install))
    # Containers come without package lists, and old lists name packages that are gone.
    if any(Path("/var/lib/apt/lists").glob("*Packages*")) and not subprocess.call(install, env=environment):
        return
    subprocess.call(["apt-get", "update", "-qq"], env=environment)
    subprocess.call(install, env=environment)


# ----------------------------------------------------------------------------------- the environment


class Environment:
    """A virtual environment and the note it carries of what was installed into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.python = path / ("Scripts/python.exe" if WINDOWS else "bin/python")
        self.note = path / "meshloom-setup.json"

    def site(self) -> Path | None:
        """Its site-packages."""
        return next(
            iter(self.path.glob("Lib/site-packages" if WINDOWS else "lib/python3*/site-packages")), None
        )

    def noted(self) -> dict[str, Any]:
        """What the last set-up left: its extras, and when it finished also what it was made from."""
        try:
            return dict(json.loads(self.note.read_text()))
        except (OSError, ValueError):
            return {}

    def write_note(self, note: dict[str, Any]) -> None:
        aside = self.note.with_suffix(".new")
        aside.write_text(json.dumps(note))
        aside.replace(self.note)

    def version(self) -> tuple[int, int] | None:
        """Of its Python, or None when the environment does not work: half made, moved, or its Python gone."""
        try:
            major, minor = self.ask("import sys, pip; print(*sys.version_info[:2])").split()
            # Scripts hold the absolute path of their Python; in a moved environment nothing is there.
            moved = not WINDOWS and str(self.python.parent) not in (self.python.parent / "pip").read_text()
        except (OSError, ValueError, subprocess.CalledProcessError):
            return None
        return None if moved else (int(major), int(minor))

    def revive(self) -> tuple[int, int] | None:
        """Give one without pip (made by another tool, or killed while being made) a pip; its version then."""
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            command = [str(self.python), "-I", "-m", "ensurepip", "--upgrade", "--default-pip"]
            subprocess.run(command, check=True, capture_output=True)
        return self.version()

    def ask(self, code: str) -> str:
        command = [str(self.python), "-I", "-c", code]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def pip(self, *arguments: str) -> None:
        """Raises :class:`Stop` when pip fails; pip has said why."""
        quiet = [] if sys.stdout.isatty() else ["-qq"]
        command = [
            str(self.python),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            *quiet,
            *arguments,
        ]
        clean = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
        if subprocess.call(command, env=clean, cwd=ROOT):
            raise Stop(
                f"pip failed: pip install {' '.join(arguments)}\nIts reason is above; the same again resumes."
            )

    def infos(self) -> list[Path]:
        """The ``name-version.dist-info`` folders of what is installed."""
        site = self.site()
        return sorted(site.glob("*.dist-info")) if site else []

    def distributions(self) -> str:
        """A digest of which distributions it holds, in which versions."""
        names = [info.name for info in self.infos()]
        return hashlib.blake2b("\n".join(names).encode(), digest_size=16).hexdigest()


def create(environment: Environment) -> None:
    if environment.path.exists():
        say(f"{environment.path} does not work; making it anew")
        shutil.rmtree(environment.path)
    free = shutil.disk_usage(environment.path.parent).free
    if free < FREE_BYTES:
        say(f"only {free / 2**30:.1f} GiB free here; this needs about {FREE_BYTES / 2**30:.0f}")
    say(f"making {environment.path} with Python {sys.version.split()[0]}")
    if subprocess.call([sys.executable, "-m", "venv", str(environment.path)]):
        shutil.rmtree(environment.path, ignore_errors=True)
        raise Stop(f"{sys.executable} -m venv failed; its reason is above (Debian: install python3-venv)")


def mend(site: Path) -> list[str]:
    """Make pip forget the distributions of which a file is missing or short, and return their names.

    pip killed while it installs or removes leaves some, and takes them for installed ever after.
    """
    for stray in site.glob("~*"):
        shutil.rmtree(stray, ignore_errors=True)
    broken = [info for info in site.glob("*.dist-info") if not _whole(info)]
    for info in broken:
        shutil.rmtree(info)
    return [info.name.removesuffix(".dist-info") for info in broken]


def _whole(info: Path) -> bool:
    """Whether every file that the distribution's RECORD gives a size for is there with that size."""
    try:
        with (info / "RECORD").open(newline="", encoding="utf-8") as record:
            return all(
                os.stat(info.parent / name).st_size == int(size)  # noqa: PTH116 - 40,000 files; Path.stat is slower
                for name, _, size in csv.reader(record)
                if size
            )
    except (OSError, ValueError):
        return False


# ----------------------------------------------------------------------------------------- set-up


def wanted(root: Path) -> str:
    """A digest of all that decides what gets installed."""
    digest = hashlib.blake2b(digest_size=16)
    for name in ("pyproject.toml", "constraints.txt", "setup.py"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def torch_pin(root: Path) -> str:
    """``torch==x.y.z`` as constraints.txt has it."""
    pin = re.search(r"^torch==\S+", (root / "constraints.txt").read_text(), re.MULTILINE)
    if pin is None:
        raise Stop("constraints.txt does not pin torch")
    return pin[0]


def is_ready(root: Path, environment: Environment, extras: Sequence[str]) -> bool:
    """Whether the last set-up finished, for these extras and files, and nothing has changed since."""
    note = environment.noted()
    return (
        note.get("wanted") == wanted(root)
        and set(extras) <= set(note.get("extras", ()))
        and note.get("distributions") == environment.distributions()
        and environment.version() is not None
    )


def install(root: Path, environment: Environment, extras: Sequence[str]) -> None:
    # Extras asked for earlier stay: `make demo` after `make app` does not let the window go stale.
    before = environment.noted()
    extras = sorted({*extras, *before.get("extras", ())})
    version = environment.version() or environment.revive()
    if version is None or not suits(version):
        create(environment)
    elif "wanted" not in before and (site := environment.site()) and (broken := mend(site)):
        say(f"an earlier set-up was interrupted; installing again: {', '.join(broken)}")
    environment.write_note({"extras": extras})
    say("installing packages (the first time takes some minutes)")
    install_torch(root, environment)
    package = f"{root}[{','.join(extras)}]" if extras else str(root)
    environment.pip("-e", package, "-c", str(root / "constraints.txt"))
    name_for_tools(root, environment)
    verify(environment, extras)
    environment.write_note(
        {"wanted": wanted(root), "extras": extras, "distributions": environment.distributions()}
    )


def install_torch(root: Path, environment: Environment) -> None:
    """Alone and first, so that nothing else decides which build it is."""
    pin = torch_pin(root)
    name, version = pin.split("==")
    found = [
        info.name.removesuffix(".dist-info")
        for info in environment.infos()
        if info.name.startswith(f"{name}-")
    ]
    if any(held.partition("+")[0] == f"{name}-{version}" for held in found):
        return
    index = os.environ.get("MESHLOOM_TORCH_INDEX")
    if not found and sys.platform == "linux" and not index and not shutil.which("nvidia-smi"):
        say("torch's default build may bring several GB of CUDA; without an NVIDIA GPU,")
        say("MESHLOOM_TORCH_INDEX=<address of PyTorch's CPU packages> avoids that")
    environment.pip(pin, *(["--index-url", index] if index else []))


def name_for_tools(root: Path, environment: Environment) -> None:
    """``.venv/typing/meshloom``, a link to the repository.

    The root is the package ``meshloom`` whatever the clone's folder is called. Python learns that from the
    editable install; tools that read files (mypy) need a folder of that name.
    """
    link = environment.path / "typing" / "meshloom"
    link.parent.mkdir(exist_ok=True)
    # Windows may forbid links; only type checks miss it.
    with contextlib.suppress(OSError if WINDOWS else FileExistsError):
        link.symlink_to(root, target_is_directory=True)


def verify(environment: Environment, extras: Sequence[str]) -> None:
    for extra in ("", *extras):
        if extra in IMPORTS:
            try:
                environment.ask(IMPORTS[extra])
            except subprocess.CalledProcessError as failure:
                reason = failure.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
                raise Stop(f"installed, but `{IMPORTS[extra]}` fails:\n  {reason[0]}") from None


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold off a second set-up of the same clone until this one is done."""
    if WINDOWS:
        yield
        return
    import fcntl

    with (root / "pyproject.toml").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this folder")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def set_up(root: Path, environment: Environment, extras: Sequence[str]) -> None:
    with alone(root):
        lacking = system_libraries(extras)
        if not is_ready(root, environment, extras):
            try:
                install(root, environment, extras)
            except Stop as stop:
                raise Stop(f"{stop}\n{lacking}" if lacking else str(stop)) from None
            say("done")
        if lacking:
            raise Stop(lacking)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Make or mend Meshloom's virtual environment.")
    parser.add_argument(
        "--extra", action="append", default=[], help="an extra of pyproject.toml; may be repeated"
    )
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    chosen = parser.parse_args(arguments)
    try:
        set_up(ROOT, Environment(chosen.venv.absolute()), chosen.extra)
    except Stop as stop:
        print(f"set-up: {stop}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("set-up: interrupted; the same again resumes", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
