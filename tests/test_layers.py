"""Who may import whom, and what no source may do: read off the sources, nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Files by pattern, and what they may import of Meshloom. The first line that fits a file holds for it; a new
#: layer is a line. ``{group}`` is the file's own folder, ``*`` any run of letters and dots.
LAYERS = (
    # The one command that measures kernels themselves.
    ("graph_runtime/cli/bench.py", ("kernels.attention*",)),
    ("graph_runtime/**", ("graph_runtime*",)),
    ("kernels/**", ("kernels*",)),
    (
        "nodes/*/**",
        (
            "graph_runtime.spec",
            "graph_runtime.types",
            "graph_runtime.formats*",
            "graph_runtime.models*",
            "kernels*",
            "nodes.{group}._*",
        ),
    ),
    ("nodes/**", ()),
    ("presets/**", ("presets*", "graph_runtime*")),
    ("ui/**", ("graph_runtime*", "kernels*", "ui*")),
    ("app.py", ("graph_runtime*", "ui*")),
    ("setup.py", ()),
    ("__init__.py", ()),
)

#: Third-party modules that only these files may import at all.
ONLY_IN = {
    "ryvencore": ("graph_runtime/document.py",),
    "PySide6": ("ui/**",),
    "pyqtgraph": ("ui/**",),
    "typer": ("app.py", "graph_runtime/cli/**"),
}

#: Slow to import (0.1 s to 7 s): inside functions only. Kernels are imported inside functions themselves.
SLOW = {
    *("OpenEXR", "PIL", "PySide6", "accelerate", "cv2", "diffusers", "fast_simplification", "manifold3d"),
    *("huggingface_hub", "peft", "safetensors", "tokenizers"),
    *("matplotlib", "numba", "open3d", "pycolmap", "pyqtgraph", "scipy", "skimage", "tifffile", "torch"),
    *("transformers", "trimesh", "xatlas"),
}
SLOW_ALLOWED = ("kernels/**", "presets/**", "nodes/*/_*kernel.py", "nodes/*/_*kernels.py", "ui/**")

#: Modules that turn data into code when they load it.
UNSAFE = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}


def sources() -> list[Path]:
    """Every Python file of the package, relative to the root."""
    tops = ("graph_runtime", "kernels", "nodes", "presets", "ui")
    files = [*ROOT.glob("*.py"), *(file for top in tops for file in (ROOT / top).rglob("*.py"))]
    return sorted(file.relative_to(ROOT) for file in files)


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), str(file))


def fits(file: Path, patterns: tuple[str, ...]) -> bool:
    return any(_glob(pattern).fullmatch(file.as_posix()) for pattern in patterns)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    parts = {"**": ".*", "*": "[^/]*"}
    return re.compile("".join(parts.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", pattern)))


def imports(file: Path, nodes: Iterator[ast.AST]) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, relative imports made absolute."""
    package = ("meshloom", *file.parent.parts)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def at_top(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The statements that run on import: not inside functions, nor under ``if TYPE_CHECKING``."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from at_top(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in ("body", "orelse", "finalbody"):
                yield from at_top(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from at_top(handler.body)


def upward(file: Path) -> Iterator[str]:
    """Imports of Meshloom that the file's layer forbids."""
    allowed = next((allowed for pattern, allowed in LAYERS if fits(file, (pattern,))), None)
    if allowed is None:
        yield f"{file}: no line of LAYERS fits it"
        return
    group = file.parts[1] if len(file.parts) > 1 else ""
    names = [re.escape(name.format(group=group)).replace(r"\*", "[\\w.]*") for name in allowed]
    pattern = re.compile(rf"meshloom\.({'|'.join(names) or '(?!)'})(\.\w+)?")
    for line, name in imports(file, ast.walk(tree(file))):
        if name.split(".")[0] == "meshloom" and not pattern.fullmatch(name):
            yield f"{file}:{line}: imports {name}"


def misplaced(file: Path) -> Iterator[str]:
    """Third-party modules where they do not belong."""
    for line, name in imports(file, ast.walk(tree(file))):
        module = name.split(".")[0]
        if module in ONLY_IN and not fits(file, ONLY_IN[module]):
            yield f"{file}:{line}: {module} belongs in {' or '.join(ONLY_IN[module])}"
    if not fits(file, SLOW_ALLOWED):
        for line, name in imports(file, at_top(tree(file).body)):
            if name.split(".")[0] in SLOW:
                yield f"{file}:{line}: import {name} inside the function that needs it"


def unsafe(file: Path) -> Iterator[str]:
    """What runs code that came as data."""
    for line, name in imports(file, ast.walk(tree(file))):
        if name.split(".")[0] in UNSAFE:
            yield f"{file}:{line}: {name} runs code when it loads"
    for node in ast.walk(tree(file)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("eval", "exec")
        ):
            yield f"{file}:{node.lineno}: {node.func.id}()"
        elif isinstance(node, ast.keyword) and ast.unparse(node) in (
            "weights_only=False",
            "allow_pickle=True",
        ):
            yield f"{file}:{node.value.lineno}: {ast.unparse(node)} loads pickles"


def none_of(what: str, *found: object) -> None:
    """Fail with all that was found, a line each."""
    if found:
        pytest.fail("\n".join([what, *map(str, found)]), pytrace=False)


@pytest.mark.parametrize("rule", [upward, misplaced, unsafe], ids=lambda rule: rule.__name__)
def test_no_source_breaks_the_rule(rule):
    none_of("", *(broken for file in sources() for broken in rule(file)))


@pytest.mark.parametrize(
    ("rule", "file", "source"),
    [
        (upward, "graph_runtime/plan.py", "from meshloom.nodes.image import resize"),
        (upward, "graph_runtime/plan.py", "def f():\n    from ..ui import window"),
        (upward, "nodes/image/blur.py", "from meshloom.nodes.image.resize import resize"),
        (upward, "nodes/image/blur.py", "from meshloom.nodes.mask._edge import edge"),
        (upward, "nodes/image/blur.py", "import meshloom.graph_runtime.engine"),
        (upward, "nodes/image/blur.py", "from meshloom.graph_runtime import document"),
        (upward, "kernels/stereo/sweep.py", "from meshloom.graph_runtime.types import Image"),
        (upward, "ui/window.py", "from meshloom import nodes"),
        (upward, "app.py", "from meshloom.kernels import stereo"),
        (upward, "elsewhere/file.py", ""),
        (misplaced, "graph_runtime/plan.py", "def f():\n    import ryvencore"),
        (misplaced, "nodes/image/blur.py", "import cv2"),
        (
            misplaced,
            "nodes/image/blur.py",
            "try:\n    from scipy import ndimage\nexcept ImportError:\n    pass",
        ),
        (misplaced, "app.py", "def f():\n    from PySide6 import QtWidgets"),
        (unsafe, "nodes/image/blur.py", "def f(x):\n    return eval(x)"),
        (unsafe, "graph_runtime/disk.py", "from pickle import loads"),
        (unsafe, "nodes/image/blur.py", "def f(torch):\n    return torch.load('x', weights_only=False)"),
    ],
)
def test_rule_sees_it(rule, file, source, monkeypatch):
    monkeypatch.setitem(globals(), "tree", lambda _: ast.parse(source))
    assert len(list(rule(Path(file)))) == 1


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("graph_runtime/plan.py", "from meshloom.graph_runtime import keys\nfrom . import errors"),
        ("nodes/image/blur.py", "from meshloom.graph_runtime.spec import node\nfrom ._gauss import gauss"),
        (
            "nodes/image/blur.py",
            "from meshloom.graph_runtime import types\nfrom meshloom.kernels.stereo import a",
        ),
        ("nodes/image/blur.py", "def f(model):\n    import cv2\n    return model.eval()"),
        ("nodes/dense/_kernel.py", "import numba"),
        ("graph_runtime/formats/exr.py", "if TYPE_CHECKING:\n    import OpenEXR"),
        ("ui/window.py", "from PySide6 import QtWidgets"),
    ],
)
def test_rules_allow_it(file, source, monkeypatch):
    monkeypatch.setitem(globals(), "tree", lambda _: ast.parse(source))
    assert [broken for rule in (upward, misplaced, unsafe) for broken in rule(Path(file))] == []


def is_node(file: Path) -> bool:
    return not file.name.startswith("_") and any(
        isinstance(item, ast.FunctionDef)
        and any("node(" in ast.unparse(mark) for mark in item.decorator_list)
        for item in tree(file).body
    )


def test_every_node_has_a_test():
    nodes = [file for file in sources() if file.parts[0] == "nodes" and is_node(file)]
    tests = {node: ROOT / "tests" / node.parent / f"test_{node.name}" for node in nodes}
    none_of("nodes without a test:", *(node for node, test in tests.items() if not test.is_file()))


def test_every_folder_of_sources_is_a_package():
    folders = {file.parent for file in sources() if file.parts[0] != "presets"}
    lacking = (folder for folder in folders if not (ROOT / folder / "__init__.py").is_file())
    none_of("folders without __init__.py:", *lacking)


@pytest.mark.parametrize("folder", ["packaging", "tests"])
def test_folder_is_no_package(folder):
    """As packages they would shadow PyPI's `packaging` and each other's tests."""
    none_of("here:", *(ROOT / folder).rglob("__init__.py"))


def test_sources_at_the_top():
    assert {file.name for file in ROOT.glob("*.py")} <= {"__init__.py", "app.py", "setup.py"}
