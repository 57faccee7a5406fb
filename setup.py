"""Which folders are packages: all that hold an ``__init__.py``. Everything else is in pyproject.toml.

The repository root is the package ``meshloom``; setuptools' own search finds packages *inside* a folder,
so it would call them ``nodes`` and ``kernels``.
"""

from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
HOUSE = ("graph_runtime", "kernels", "nodes", "ui")

folders = [init.parent.relative_to(ROOT) for top in HOUSE for init in (ROOT / top).rglob("__init__.py")]

setup(
    packages=["meshloom", *sorted("meshloom." + ".".join(folder.parts) for folder in folders)],
    script_name="setup.py",  # Keeps this file itself out of the package that it lies in.
)
