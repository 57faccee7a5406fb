"""The shared libraries that wheels expect the system to have, and the command that installs what is missing.

Wheels bring nearly everything. On Linux, Open3D and Qt leave the graphics and window-system libraries to the
distribution, and a bare server or container has none: the import then fails with the name of a file, not of a
package. The lists were read off the wheels' own NEEDED entries (Open3D 0.20, numba 0.68, Qt 6.11). Wheels for
macOS and Windows need nothing.

Standard library only: the set-up script loads this file by its path before anything is installed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Package managers, in the order of the package names below, and how each is told to install.
MANAGERS = {
    "apt-get": "apt-get install -y --no-install-recommends",
    "dnf": "dnf install -y",
    "pacman": "pacman -S --needed",
}

# library               | who needs it| apt-get             | dnf                 | pacman
_ALWAYS = """
libEGL.so.1             | Open3D | libegl1             | libglvnd-egl        | libglvnd
libGL.so.1              | Open3D | libgl1              | libglvnd-glx        | libglvnd
libX11.so.6             | Open3D | libx11-6            | libX11              | libx11
libgomp.so.1            | numba  | libgomp1            | libgomp             | gcc-libs
libidn2.so.0            | Open3D | libidn2-0           | libidn2             | libidn2
libudev.so.1            | Open3D | libudev1            | systemd-libs        | systemd-libs
libusb-1.0.so.0         | Open3D | libusb-1.0-0        | libusb1             | libusb
"""

_WINDOW = """
libwayland-client.so.0  | Qt     | libwayland-client0  | libwayland-client   | wayland
libwayland-cursor.so.0  | Qt     | libwayland-cursor0  | libwayland-cursor   | wayland
libX11-xcb.so.1         | Qt     | libx11-xcb1         | libX11-xcb          | libx11
libdbus-1.so.3          | Qt     | libdbus-1-3         | dbus-libs           | dbus
libfontconfig.so.1      | Qt     | libfontconfig1      | fontconfig          | fontconfig
libfreetype.so.6        | Qt     | libfreetype6        | freetype            | freetype2
libglib-2.0.so.0        | Qt     | libglib2.0-0        | glib2               | glib2
libgssapi_krb5.so.2     | Qt     | libgssapi-krb5-2    | krb5-libs           | krb5
libxcb-cursor.so.0      | Qt     | libxcb-cursor0      | xcb-util-cursor     | xcb-util-cursor
libxcb-glx.so.0         | Qt     | libxcb-glx0         | libxcb              | libxcb
libxcb-icccm.so.4       | Qt     | libxcb-icccm4       | xcb-util-wm         | xcb-util-wm
libxcb-image.so.0       | Qt     | libxcb-image0       | xcb-util-image      | xcb-util-image
libxcb-keysyms.so.1     | Qt     | libxcb-keysyms1     | xcb-util-keysyms    | xcb-util-keysyms
libxcb-randr.so.0       | Qt     | libxcb-randr0       | libxcb              | libxcb
libxcb-render-util.so.0 | Qt     | libxcb-render-util0 | xcb-util-renderutil | xcb-util-renderutil
libxcb-shape.so.0       | Qt     | libxcb-shape0       | libxcb              | libxcb
libxcb-shm.so.0         | Qt     | libxcb-shm0         | libxcb              | libxcb
libxcb-sync.so.1        | Qt     | libxcb-sync1        | libxcb              | libxcb
libxcb-util.so.1        | Qt     | libxcb-util1        | xcb-util            | xcb-util
libxcb-xfixes.so.0      | Qt     | libxcb-xfixes0      | libxcb              | libxcb
libxcb-xinerama.so.0    | Qt     | libxcb-xinerama0    | libxcb              | libxcb
libxcb-xkb.so.1         | Qt     | libxcb-xkb1         | libxcb              | libxcb
libxkbcommon-x11.so.0   | Qt     | libxkbcommon-x11-0  | libxkbcommon-x11    | libxkbcommon-x11
libxkbcommon.so.0       | Qt     | libxkbcommon0       | libxkbcommon        | libxkbcommon
"""


@dataclass(frozen=True)
class Library:
    """A shared library: its file name, who needs it, and the package holding it, by package manager."""

    name: str
    why: str
    packages: dict[str, str]


def _read(table: str) -> tuple[Library, ...]:
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return tuple(Library(name, why, dict(zip(MANAGERS, held, strict=True))) for name, why, *held in rows)


#: By extra of pyproject.toml; the empty name stands for the package without extras.
LIBRARIES: dict[str, tuple[Library, ...]] = {"": _read(_ALWAYS), "app": _read(_WINDOW)}


def missing_libraries(extras: Iterable[str] = (), platform: str = sys.platform) -> list[Library]:
    """The libraries that Meshloom with ``extras`` needs and the loader does not find. Empty off Linux."""
    if platform != "linux":
        return []
    return [
        library for extra in ("", *extras) for library in LIBRARIES.get(extra, ()) if not _loads(library.name)
    ]


def _loads(name: str) -> bool:
    # Asking the loader itself: it knows LD_LIBRARY_PATH, the cache and the architecture, as an import will.
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def package_manager() -> str | None:
    """The first of :data:`MANAGERS` on this system's PATH."""
    return next((manager for manager in MANAGERS if shutil.which(manager)), None)


def packages(missing: Sequence[Library], manager: str) -> list[str]:
    """The packages of ``manager`` that hold the libraries, each once."""
    return sorted({library.packages[manager] for library in missing})


def install_command(missing: Sequence[Library], manager: str | None = None) -> str:
    """The line to type to install them; with no known package manager, the libraries to look for."""
    manager = manager or package_manager()
    if manager is None:
        names = ", ".join(library.name for library in missing)
        return f"(with your system's package manager, the packages that hold {names})"
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}{MANAGERS[manager]} {' '.join(packages(missing, manager))}"
