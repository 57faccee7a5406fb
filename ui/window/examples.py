"""A graph that shows a node at work: the smallest template that has it, else one made around it from the samples."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.graph_runtime.spec import NodeSpec, Port
from meshloom.ui.window.templates import PRESETS

_SAMPLE = PRESETS / "samples" / "figurine"

#: Settings of nodes, by their id: mostly the sample that they read; a path is relative to the sample's folder.
_SETTINGS: Mapping[str, dict[str, Any]] = {
    "cameras.load": {"file": Path("transforms.json")},
    "cloud.load": {"file": Path("truth/object.ply")},
    "image.encode_prompt": {"prompt": "Give the owl a knitted blue scarf"},
    "image.load": {"file": Path("photos/IMG_0001.jpg")},
    "kernels.cuda_source": {
        "file": Path("../../../kernels/attention/impl/mma_flash.cu"),
        "shared": 34816,
        "macros": "BLOCK_N=32 QUERY_IN_REGISTERS=0 MIN_CTAS=4",
    },
    "mesh.boolean": {"operation": "union"},
    "mesh.load": {"file": Path("truth/object.ply")},
    "photo.load_files": {"files": [Path("photos/IMG_0001.jpg"), Path("photos/IMG_0002.jpg")]},
    "photo.load_folder": {"folder": Path("photos"), "max_side": 512},
    "splats.evaluate": {},  # its weights may be left out
    "splats.load": {"file": Path("scene.spz")},
    "table.filter": {"column": "sharpness", "relation": "at least", "value": "10"},
    "table.join": {"on": "photo"},
    "table.sort": {"column": "sharpness", "descending": True},
    "text.load": {"file": Path("transforms.json")},
    "text.value": {"text": "an owl\na blue scarf"},
}

#: What makes a value of a type, by the type's name: a node and one of its outputs.
_MAKERS: Mapping[str, tuple[str, str]] = {
    "AttentionKernel": ("kernels.attention", "kernel"),
    "Cameras": ("cameras.load", "cameras"),
    "DepthMap": ("photo.sample_stereo_pair", "depth"),
    "Image": ("image.load", "image"),
    "Mask": ("mask.threshold", "mask"),
    "Matches": ("reconstruct.match", "matches"),
    "Mesh": ("mesh.load", "mesh"),
    "ModelRef": ("models.tiny_checkpoint", "model_ref"),
    "PointCloud": ("mesh.sample_points", "point_cloud"),
    "PromptEmbeddings": ("image.encode_prompt", "prompt_embeddings"),
    "Splats": ("splats.load", "splats"),
    "SplattingKernel": ("kernels.splatting", "kernel"),
    "Table": ("photo.report", "table"),
    "Text": ("text.value", "text"),
    "float": ("number.value", "value"),
    "int": ("number.int", "value"),
    "list[DepthMap]": ("splats.render", "depths"),
    "list[Features]": ("reconstruct.features", "features"),
    "list[Image]": ("photo.load_folder", "images"),
    "list[Text]": ("text.lines", "texts"),
}
#: Photos that go with cameras, and those cameras: lenses straightened.
_TOGETHER = {
    "list[Image]": ("reconstruct.undistort", "images"),
    "Cameras": ("reconstruct.undistort", "cameras"),
}
#: Sockets that are fed otherwise, or although they need not be.
_FEEDS: Mapping[str, dict[str, tuple[str, str]]] = {
    "cloud.apply_matrix": {"matrix": ("cloud.align", "matrix")},
    "image.encode_prompt": {"images": ("image.load", "image")},
    "image.merge_channels": dict.fromkeys(("red", "green", "blue"), ("image.to_grey", "image")),
    "mask.resize": {"like": ("image.load", "image")},
    "mask.shape": {"image": ("image.load", "image")},
    "mesh.apply_matrix": {"matrix": ("mesh.align", "matrix")},
    "mesh.boolean": {"a": ("mesh.primitive", "mesh"), "b": ("mesh.primitive", "mesh")},
    "reconstruct.features": {"image": ("photo.load_folder", "images")},
    "reconstruct.undistort": {
        "images": ("photo.load_folder", "images"), "cameras": ("cameras.load", "cameras"),
    },
    "render.turntable": {"mesh": ("mesh.load", "mesh")},
}  # fmt: skip
#: For a second socket of the same type, so that a node that compares or joins has something to show.
_SECONDS = {
    "Image": ("image.generate", "image"), "Mask": ("mask.shape", "mask"), "Mesh": ("mesh.transform", "mesh"),
    "PointCloud": ("cloud.transform", "point_cloud"),
}  # fmt: skip


def example_of(spec: NodeSpec, folder: Path = PRESETS) -> Path | None:
    """The smallest of the workflows that come along that has a node of this kind."""
    wanted = {spec.id, *spec.was}
    found: list[tuple[int, Path]] = []
    for file in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, ValueError):
            kinds = _kinds(json.loads(file.read_bytes()))
            if not wanted.isdisjoint(kinds):
                found.append((len(kinds), file))
    return min(found)[1] if found else None


def _kinds(held: Any) -> list[str]:
    """The types of all nodes in a workflow, groups included."""
    if isinstance(held, list):
        return [kind for each in held for kind in _kinds(each)]
    if not isinstance(held, dict):
        return []
    own = [held["type"]] if isinstance(held.get("type"), str) else []
    return own + [kind for each in held.values() for kind in _kinds(each)]


def made_around(spec: NodeSpec, catalog: Catalog) -> GraphData | None:
    """The node fed with what the samples give; ``None`` where they do not give all that it needs."""
    building = _Building(catalog, together=any(port.wire.name == "Cameras" for port in spec.inputs))
    try:
        building.add(spec)
    except LookupError:
        return None
    return GraphData(building.nodes)


@dataclass
class _Building:
    catalog: Catalog
    #: Photos and cameras are of one set, without lens distortion.
    together: bool
    nodes: dict[str, NodeData] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def add(self, spec: NodeSpec) -> str:
        """Add a node and what it needs; its name."""
        if spec.id in self._names:
            return self._names[spec.id]
        if any(param.kind in ("path", "paths") and _wants(param.default) for param in spec.params):
            _SETTINGS[spec.id]  # a KeyError: there is no sample of this kind
        name = spec.id.replace(".", "_")
        self._names[spec.id] = name
        links: dict[str, Link] = {}
        used: list[str] = []
        for port in _fed(spec):
            maker, output = _FEEDS.get(spec.id, {}).get(port.name) or self._maker(
                port, port.wire.name in used
            )
            links[port.name] = Link(self.add(self.catalog[maker]), output)
            used.append(port.wire.name)
        given = {key: _placed(held) for key, held in _SETTINGS.get(spec.id, {}).items()}
        self.nodes[name] = NodeData(spec.id, params=given, links=links, version=spec.version)
        return name

    def _maker(self, port: Port, again: bool) -> tuple[str, str]:
        """What feeds a socket. ``again``: another of its type is fed already. Raises ``LookupError``."""
        base = port.wire.base.__name__
        tables = [*([_SECONDS] if again else []), *([_TOGETHER] if self.together else []), _MAKERS]
        for kind in dict.fromkeys((port.wire.name, base)):  # one value is a list of one
            for held in tables:
                if kind in held:
                    return held[kind]
        raise LookupError(port.wire.name)


def _fed(spec: NodeSpec) -> list[Port]:
    """The sockets that an example feeds: those that must be, or the first two choices of a switch."""
    required = [port for port in spec.inputs if port.required or port.name in _FEEDS.get(spec.id, {})]
    return required or [port for port in spec.inputs if port.lazy][:2]


def _wants(default: Any) -> bool:
    """Whether a file has to be named."""
    return default in (Path(), ())


def _placed(held: Any) -> Any:
    if isinstance(held, Path):
        return str(_SAMPLE / held)
    return [_placed(each) for each in held] if isinstance(held, list) else held
