"""Laws that hold for every node that comes with Meshloom, whoever wrote it."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.params import check_param, defaults, expected
from meshloom.graph_runtime.preset import parse, resolve
from meshloom.graph_runtime.spec import NodeSpec, Range
from meshloom.graph_runtime.types import SCALARS, VALUES

ROOT = Path(__file__).parent.parent

#: What listing all nodes must not load: each takes longer than the listing may.
HEAVY = ("torch", "open3d", "trimesh", "cv2", "pycolmap", "PySide6", "numba", "scipy", "skimage", "xatlas")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return find_nodes(tmp_path_factory.mktemp("none"), packs=False)


def failing(catalog: Catalog, fault) -> dict[str, object]:
    """The nodes that break a law, each with what ``fault`` says of it."""
    return {spec.id: said for spec in catalog.values() if (said := fault(spec))}


def test_every_node_loads(catalog: Catalog) -> None:
    assert len(catalog) >= 100
    assert catalog.problems == []


def test_listing_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from meshloom.graph_runtime.catalog import find_nodes;"
        "print(len(find_nodes(Path(sys.argv[1]), packs=False)));"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[1] == "[]"


def test_ids_are_words(catalog: Catalog) -> None:
    """They stand in files and command lines for years."""
    assert (
        failing(catalog, lambda spec: not re.fullmatch(r"[a-z0-9]+\.[a-z0-9]+(_[a-z0-9]+)*", spec.id)) == {}
    )


def test_former_ids_are_free(catalog: Catalog) -> None:
    former = [old for spec in catalog.values() for old in spec.was]
    assert len(former) == len(set(former))
    assert not set(former) & set(catalog)


def test_titles_tell_nodes_of_a_group_apart(catalog: Catalog) -> None:
    titles = [(spec.id.partition(".")[0], spec.title) for spec in catalog.values()]
    assert sorted(titles) == sorted(set(titles))


def test_every_node_says_what_it_does_in_one_line(catalog: Catalog) -> None:
    def fault(spec: NodeSpec) -> object:
        line = spec.summary
        return not (10 <= len(line) <= 130 and line[0].isupper() and line.endswith((".", "?"))) and line

    assert failing(catalog, fault) == {}


def test_types_are_known(catalog: Catalog) -> None:
    def fault(spec: NodeSpec) -> object:
        wires = [port.wire.base for port in (*spec.inputs, *spec.outputs)]
        return [
            base for base in wires if base not in SCALARS.values() and VALUES.get(base.__name__) is not base
        ]

    assert failing(catalog, fault) == {}


def test_sockets_and_parameters_have_names_of_their_own(catalog: Catalog) -> None:
    def fault(spec: NodeSpec) -> object:
        taken = [*(port.name for port in spec.inputs), *(param.name for param in spec.params)]
        given = [port.name for port in spec.outputs]
        return len(taken) != len(set(taken)) or len(given) != len(set(given)) or not given

    assert failing(catalog, fault) == {}


def test_every_default_is_a_valid_value(catalog: Catalog) -> None:
    def fault(spec: NodeSpec) -> object:
        wrong = []
        for param in spec.params:
            try:
                held = check_param(param, param.default)
            except ValueError as error:
                wrong.append(f"{param.name} {error}")
                continue
            if type(held) is not type(param.default) or held != param.default:
                wrong.append(f"{param.name}: {param.default!r} is taken as {held!r}")
        return wrong

    assert failing(catalog, fault) == {}


def test_every_parameter_can_be_described_and_saved(catalog: Catalog) -> None:
    def fault(spec: NodeSpec) -> object:
        wrong = []
        for param in spec.params:
            json.dumps(param.default, allow_nan=False, default=str)
            if not expected(param) or (param.kind == "choice" and len(param.options) < 2):
                wrong.append(param.name)
            if isinstance(param.hint, Range) and param.kind not in ("int", "float", "ints", "floats"):
                wrong.append(f"{param.name}: a range of a {param.kind}")
            if isinstance(param.hint, Range) and None not in (param.hint.low, param.hint.high):
                wrong += [param.name] if param.hint.low >= param.hint.high else []
        return wrong

    assert failing(catalog, fault) == {}


def test_every_parameter_stands_in_a_workflow(catalog: Catalog) -> None:
    nodes = {
        spec.id.replace(".", "-"): {
            "type": spec.id,
            "version": spec.version,
            "with": json.loads(json.dumps(defaults(spec), default=str)),
        }
        for spec in catalog.values()
    }
    graph = resolve(parse(json.dumps({"meshloom": 1, "nodes": nodes}).encode()), catalog)
    for node in graph.nodes.values():
        for param in catalog[node.type].params:
            check_param(param, node.params[param.name])


def test_functions_can_be_called_by_keyword(catalog: Catalog) -> None:
    def fault(spec: NodeSpec) -> object:
        kinds = {argument.kind for argument in inspect.signature(spec.function).parameters.values()}
        return kinds - {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}

    assert failing(catalog, fault) == {}


def test_migrations_stand_where_versions_do(catalog: Catalog) -> None:
    assert failing(catalog, lambda spec: (spec.version > 1) != (spec.migrate is not None)) == {}


def test_defaults_hold_no_arrays(catalog: Catalog) -> None:
    assert (
        failing(catalog, lambda spec: [p.name for p in spec.params if isinstance(p.default, np.ndarray)])
        == {}
    )
