"""Reroute dots: places that a link goes through on its way. They change how a graph looks, not what it computes.

Kept in the document's extras as ``{"dots": {scope: [{"link": "node.socket", "at": [x, y]}, ...]}}``, the dots of
a link in the order it passes them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPainterPath

from meshloom.graph_runtime.edits import Extra
from meshloom.ui.canvas.model import CanvasModel, LinkKey, LinkShape
from meshloom.ui.canvas.paint import link_path
from meshloom.ui.theme import socket_style, theme

if TYPE_CHECKING:
    from meshloom.ui.canvas.view import CanvasView

RADIUS = 5.0


def held(model: CanvasModel) -> list[dict[str, Any]]:
    """The dots of the scope shown that make sense."""
    found = model.document.document.extras.get("dots", {})
    listed = found.get(model.scope, []) if isinstance(found, Mapping) else []
    return [
        each for each in listed if isinstance(each, Mapping) and _key(each) in model.links and _sound(each)
    ]


def _key(each: Mapping[str, Any]) -> LinkKey:
    node, _dot, socket = str(each.get("link", "")).rpartition(".")
    return node, socket


def _sound(each: Mapping[str, Any]) -> bool:
    at = each.get("at")
    return (
        isinstance(at, (list, tuple))
        and len(at) == 2
        and all(isinstance(part, (int, float)) and abs(part) < 1e9 for part in at)
    )


def by_link(model: CanvasModel) -> dict[LinkKey, list[QPointF]]:
    """The places that each rerouted link goes through."""
    found: dict[LinkKey, list[QPointF]] = {}
    for each in held(model):
        found.setdefault(_key(each), []).append(QPointF(*map(float, each["at"])))
    return found


def path_of(start: QPointF, through: list[QPointF], end: QPointF) -> QPainterPath:
    """The curve from end to end through the dots."""
    places = [start, *through, end]
    path = QPainterPath(start)
    for one, other in itertools.pairwise(places):
        path.connectPath(link_path(one, other))
    return path


def paint(painter: QPainter, link: LinkShape, through: list[QPointF]) -> None:
    """The dots themselves."""
    colour = socket_style(link.type)[1] if link.type else theme().colour("dim")
    painter.setPen(theme().colour("canvas"))
    painter.setBrush(colour)
    for place in through:
        painter.drawEllipse(place, RADIUS, RADIUS)


def dot_at(model: CanvasModel, point: QPointF, reach: float) -> int | None:
    """Which of :func:`held` is within ``reach`` of a point of the scene."""
    best, nearest = None, reach
    for index, each in enumerate(held(model)):
        away = abs(each["at"][0] - point.x()) + abs(each["at"][1] - point.y())
        if away < nearest:
            best, nearest = index, away
    return best


def added(view: CanvasView, link: LinkShape, at: QPointF) -> Extra:
    """The edit that puts a dot on a link where it passes ``at``."""
    listed = [dict(each) for each in held(view.model)]
    key = (link.target, link.socket)
    start, end = view.model.ends(link)
    through = by_link(view.model).get(key, [])
    places = [start, *through, end]
    # Between the two places whose connection passes nearest.
    lengths = [
        _length(one - at) + _length(at - other) - _length(one - other)
        for one, other in itertools.pairwise(places)
    ]
    order = lengths.index(min(lengths))
    rows = [index for index, each in enumerate(listed) if _key(each) == key]
    row = rows[order] if order < len(rows) else len(listed)
    listed.insert(row, {"link": f"{key[0]}.{key[1]}", "at": [round(at.x()), round(at.y())]})
    return changed(view, listed)


def _length(by: QPointF) -> float:
    return float((by.x() ** 2 + by.y() ** 2) ** 0.5)


def changed(view: CanvasView, listed: list[dict[str, Any]]) -> Extra:
    """The edit that makes these the dots of the scope shown."""
    found = dict(view.document.document.extras.get("dots", {}))
    found[view.scope] = listed
    return Extra("dots", {scope: each for scope, each in found.items() if each} or None)
