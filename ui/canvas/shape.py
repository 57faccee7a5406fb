"""Where everything of a node stands, worked out from its spec and data: sizes, sockets, fields.

Pure arithmetic in scene units (logical pixels at zoom 1); nothing is painted or hit here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from meshloom.graph_runtime.document import Document, socket_wire
from meshloom.graph_runtime.graph import GROUP_PREFIX, NodeData
from meshloom.graph_runtime.plan import LINKABLE
from meshloom.graph_runtime.spec import NodeSpec, Param, Port
from meshloom.ui.fields.text import label, shown
from meshloom.ui.promoted import params_of
from meshloom.ui.words import _

WIDTH = 216.0
HEAD = 30.0
ROW = 22.0
FIELD = 24.0
PAD = 8.0
THUMB = 132.0
#: Types of values whose pictures nodes show.
PICTURED = {"Image", "Mask", "DepthMap", "PointCloud", "Mesh", "Cameras", "Figure", "Table"}
#: The strip at the foot that tells how the node stands.
FOOT = 20.0
#: Fields painted on a node; the others are in the inspector.
MOST_FIELDS = 5


@dataclass(slots=True)
class Socket:
    """``type``: the class name of its value ("" when unknown). ``x, y``: its centre, from the node's corner."""

    name: str
    label: str
    type: str
    many: bool
    outgoing: bool
    required: bool
    x: float
    y: float
    linked: bool = False


@dataclass(slots=True)
class Field:
    """A painted parameter. ``param`` is ``None`` for the line that tells how many more there are."""

    name: str
    label: str
    text: str
    y: float
    param: Param | None = None
    value: Any = None
    linked: bool = False
    changed: bool = False


@dataclass(slots=True)
class NodeShape:
    """A node as it stands on the canvas. ``version`` grows whenever it looks different."""

    name: str
    title: str
    type: str
    x: float
    y: float
    width: float = WIDTH
    height: float = HEAD
    inputs: list[Socket] = field(default_factory=list)
    outputs: list[Socket] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    ghost: bool = False
    group: bool = False
    mute: bool = False
    bypass: bool = False
    thumb_y: float = 0.0
    version: int = 0

    @property
    def tint(self) -> str:
        """The value type that gives the head its colour."""
        sockets = self.outputs or self.inputs
        return sockets[0].type if sockets else ""

    @property
    def full_height(self) -> float:
        """The height that it has once its result has a picture."""
        comes = not self.thumb_y and any(each.type in PICTURED for each in self.outputs)
        return self.height + (THUMB + PAD if comes else 0.0)

    def socket(self, name: str, outgoing: bool) -> Socket | None:
        return next((each for each in (self.outputs if outgoing else self.inputs) if each.name == name), None)


def shape_of(
    document: Document, scope: str, name: str, data: NodeData, at: tuple[float, float], thumbnail: bool
) -> NodeShape:
    """The shape of a node of a scope. ``thumbnail``: whether there is a picture to leave room for."""
    spec = document.specs.get(data.type)
    group = data.type.startswith(GROUP_PREFIX)
    if data.title:
        title = data.title
    elif spec is not None:
        title = _(spec.title)
    else:
        title = data.type.removeprefix(GROUP_PREFIX)
    shape = NodeShape(name, title, data.type, *at, mute=data.mute, bypass=data.bypass, group=group)
    shape.ghost = spec is None and not (group and data.type[len(GROUP_PREFIX) :] in document.scopes)
    shape.inputs, shape.outputs = _sockets(document, scope, name, data, spec, shape.ghost)
    _place(shape, data, params_of(document, data), thumbnail)
    return shape


def plain_shape(spec: NodeSpec) -> NodeShape:
    """A node of its own, as it comes: for showing what one would add."""
    shape = NodeShape(spec.id, _(spec.title), spec.id, 0.0, 0.0)
    shape.inputs, shape.outputs = _spec_sockets(spec)
    _place(shape, NodeData(spec.id), list(spec.params), thumbnail=False)
    return shape


def _place(shape: NodeShape, data: NodeData, params: list[Param], thumbnail: bool) -> None:
    """Put sockets, fields and picture in their rows, and the foot below them."""
    inputs, outputs = shape.inputs, shape.outputs
    y = HEAD + PAD
    for index in range(max(len(inputs), len(outputs))):
        middle = y + ROW / 2
        if index < len(inputs):
            inputs[index].x, inputs[index].y = 0.0, middle
        if index < len(outputs):
            outputs[index].x, outputs[index].y = WIDTH, middle
        y += ROW
    y = _place_fields(shape, data, params, y)
    if thumbnail:
        shape.thumb_y = y + PAD / 2
        y += THUMB + PAD
    shape.height = y + PAD / 2 + FOOT


def _spec_sockets(spec: NodeSpec) -> tuple[list[Socket], list[Socket]]:
    def made(port: Port, outgoing: bool) -> Socket:
        wire = port.wire
        required = outgoing or port.required
        return Socket(port.name, label(port.name), wire.base.__name__, wire.many, outgoing, required, 0, 0)

    return [made(port, False) for port in spec.inputs], [made(port, True) for port in spec.outputs]


def _sockets(
    document: Document, scope: str, name: str, data: NodeData, spec: NodeSpec | None, ghost: bool
) -> tuple[list[Socket], list[Socket]]:
    if spec is not None:
        inputs, outputs = _spec_sockets(spec)
    elif ghost:
        outer = {output for output, _node, _socket in document.links_from(name, scope)}
        inputs = [Socket(each, label(each), "", False, False, True, 0, 0) for each in data.links]
        outputs = [Socket(each, label(each), "", False, True, True, 0, 0) for each in sorted(outer)]
        return _marked(inputs, data), outputs
    else:
        held = document.group(data.type[len(GROUP_PREFIX) :])
        inside = data.type[len(GROUP_PREFIX) :]
        inputs = [
            _inner(document, inside, outer, ends[0] if ends else ("", ""), outgoing=False)
            for outer, ends in held.inputs.items()
        ]
        outputs = [_inner(document, inside, outer, end, outgoing=True) for outer, end in held.outputs.items()]
    return _marked(inputs, data), outputs


def _marked(inputs: list[Socket], data: NodeData) -> list[Socket]:
    for socket in inputs:
        socket.linked = socket.name in data.links
    return inputs


def _inner(document: Document, scope: str, outer: str, end: tuple[str, str], outgoing: bool) -> Socket:
    """The socket of a group, typed as the one inside that it stands for, at any depth."""
    name, socket = end
    for _depth in range(len(document.scopes) + 1):
        if name not in document.names(scope):
            break
        type_ = document.node(name, scope).type
        if not type_.startswith(GROUP_PREFIX):
            wire = socket_wire(document.specs.get(type_), socket, outgoing)
            if wire is not None:
                port = document.specs[type_].input(socket)
                required = outgoing or (port is not None and port.required)
                return Socket(outer, label(outer), wire.base.__name__, wire.many, outgoing, required, 0, 0)
            break
        scope = type_[len(GROUP_PREFIX) :]
        held = document.group(scope)
        ends = held.outputs.get(socket) if outgoing else next(iter(held.inputs.get(socket, ())), None)
        if ends is None:
            break
        name, socket = ends
    return Socket(outer, label(outer), "", False, outgoing, True, 0, 0)


def _place_fields(shape: NodeShape, data: NodeData, params: list[Param], y: float) -> float:
    # What was set, and what is linked, is shown before what stands at its default.
    told = [param for param in params if param.name in data.params or param.name in data.links]
    rest = [param for param in params if param not in told]
    chosen = {param.name for param in (told + rest)[:MOST_FIELDS]}
    if params:
        y += PAD / 2
    for param in params:
        if param.name not in chosen:
            continue
        value = data.params.get(param.name, param.default)
        linked = param.name in data.links
        link = data.links.get(param.name)
        text = f"← {link.node}" if link is not None else shown(param, value)
        shape.fields.append(
            Field(
                param.name, label(param.name), text, y, param, value, linked,
                param.name in data.params and data.params[param.name] != param.default,
            )
        )  # fmt: skip
        if linked:
            type_ = LINKABLE[param.kind].__name__ if param.kind in LINKABLE else ""
            shape.inputs.append(
                Socket(param.name, "", type_, False, False, False, 0.0, y + FIELD / 2, linked=True)
            )
        y += FIELD
    if len(params) > len(chosen):
        more = _("{count} more in the inspector").format(count=len(params) - len(chosen))
        shape.fields.append(Field("", more, "", y))
        y += FIELD - 4
    return y
