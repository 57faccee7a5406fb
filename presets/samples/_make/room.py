"""The room: a table with a cloth, a window on the left, shelves, pictures, a sofa, a plant.

Metres, z up, the table top at z = 0, the owl's place at the origin. Everything is triangles with, per vertex,
a point in the painter's coordinates of its surface, and per triangle a material and a seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

(
    OWL,
    CLOTH,
    TABLE,
    WALL,
    FLOOR,
    WINDOW,
    CURTAIN,
    BOOK,
    SHELF,
    PICTURE,
    CEILING,
    LAMP,
    FABRIC,
    PLANT,
    POT,
    RUG,
    FRAME,
) = range(17)

WEST, EAST, SOUTH, NORTH = -2.1, 2.2, -2.0, 2.4
BOTTOM, TOP = -0.74, 1.75
#: The window in the west wall: y from, y to, z from, z to.
PANE = (-1.25, 0.55, -0.05, 1.35)
#: Middle and radius of the lamp's shade.
LAMP_AT, LAMP_RADIUS = (1.75, 1.25, 0.42), 0.16
#: The cloth: half its side, and its turn about z.
CLOTH_HALF, CLOTH_TURN = 0.33, 0.35


@dataclass
class Model:
    """Triangles being gathered."""

    vertices: list = field(default_factory=list)
    faces: list = field(default_factory=list)
    paint: list = field(default_factory=list)
    material: list = field(default_factory=list)
    seed: list = field(default_factory=list)
    count: int = 0

    def add(self, vertices, faces, paint, material: int, seed: int = 0) -> None:
        self.vertices.append(np.asarray(vertices, np.float64))
        self.faces.append(np.asarray(faces, np.int64) + self.count)
        self.paint.append(np.asarray(paint, np.float64))
        self.material.append(np.full(len(faces), material, np.int32))
        self.seed.append(np.full(len(faces), seed, np.int64))
        self.count += len(vertices)

    def surface(self, material, function, nu, nv, paint, seed=0) -> None:
        """A grid of (nu + 1) x (nv + 1) points ``function(u, v)``, u and v in 0..1, normals along du x dv."""
        u, v = (
            g.ravel()
            for g in np.meshgrid(np.linspace(0, 1, nu + 1), np.linspace(0, 1, nv + 1), indexing="ij")
        )
        corner = (np.arange(nu)[:, None] * (nv + 1) + np.arange(nv)).ravel()
        a, b, c, d = corner, corner + nv + 1, corner + nv + 2, corner + 1
        faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
        self.add(np.stack(function(u, v), 1), faces, np.stack(paint(u, v), 1), material, seed)

    def plane(self, material, origin, eu, ev, step, seed=0) -> None:
        """A rectangle in the room, cut into squares of about ``step``; painted in metres from its corner."""
        origin, eu, ev = (np.asarray(a, float) for a in (origin, eu, ev))
        lu, lv = np.linalg.norm(eu), np.linalg.norm(ev)
        self.surface(
            material,
            lambda u, v: tuple(origin[i] + u * eu[i] + v * ev[i] for i in range(3)),
            max(1, round(lu / step)),
            max(1, round(lv / step)),
            lambda u, v: (u * lu, v * lv, 0 * u),
            seed,
        )

    def box(self, material, low, high, step=0.25, seed=0, turn=0.0) -> None:
        """An axis-aligned box, leaned by ``turn`` radians about y around the middle of its foot."""
        start = len(self.vertices)
        (x0, y0, z0), (x1, y1, z1) = low, high
        dx, dy, dz = x1 - x0, y1 - y0, z1 - z0
        for origin, eu, ev in (
            ((x0, y0, z0), (dx, 0, 0), (0, 0, dz)),
            ((x1, y1, z0), (-dx, 0, 0), (0, 0, dz)),
            ((x0, y1, z0), (0, -dy, 0), (0, 0, dz)),
            ((x1, y0, z0), (0, dy, 0), (0, 0, dz)),
            ((x0, y0, z1), (dx, 0, 0), (0, dy, 0)),
            ((x0, y1, z0), (dx, 0, 0), (0, -dy, 0)),
        ):
            self.plane(material, origin, eu, ev, step, seed)
        if turn:
            c, s, mx = math.cos(turn), math.sin(turn), (x0 + x1) / 2
            for v in self.vertices[start:]:
                x, z = v[:, 0] - mx, v[:, 2] - z0
                v[:, 0], v[:, 2] = mx + c * x + s * z, z0 - s * x + c * z

    def pillow(self, material, middle, half, turn, seed=0, power=0.45, n=28) -> None:
        """A superellipsoid, turned about z: a cushion."""
        c, s = math.cos(turn), math.sin(turn)

        def curve(a):
            return np.sign(a) * np.abs(a) ** power

        def place(u, v):
            lon, lat = u * 2 * np.pi - np.pi, v * np.pi - np.pi / 2
            x = half[0] * curve(np.cos(lat)) * curve(np.cos(lon))
            y = half[1] * curve(np.cos(lat)) * curve(np.sin(lon))
            z = half[2] * curve(np.sin(lat))
            return middle[0] + c * x - s * y, middle[1] + s * x + c * y, middle[2] + z

        def painted(u, v):
            x, y, z = place(u, v)
            return x - middle[0], z - middle[2], y - middle[1]

        self.surface(material, place, n, n // 2, painted, seed)

    def arrays(self):
        """(V, 3) vertices, (F, 3) int32 triangles, (V, 3) paint points, (F,) materials, (F,) seeds."""
        return (
            np.concatenate(self.vertices),
            np.concatenate(self.faces).astype(np.int32),
            np.concatenate(self.paint),
            np.concatenate(self.material),
            np.concatenate(self.seed),
        )


def cloth_height(x, y):
    """The cloth lies almost flat, in low soft folds that are pressed out under the owl."""
    folds = 0.0042 * np.sin(19 * x + 5 * np.sin(6 * y + 1) + 0.7) * np.sin(11 * y - 4 * np.sin(5 * x) + 1.9)
    folds += 0.0022 * np.sin(37 * x - 23 * y + 3 * np.sin(9 * x + 7 * y))
    free = np.clip((np.hypot(x, y) - 0.122) / 0.09, 0, 1)
    return 0.0012 + np.maximum(folds + 0.0025, 0.0) * free**2 * (3 - 2 * free)


def _table(model: Model) -> None:
    model.box(TABLE, (-0.62, -0.5, -0.035), (0.66, 0.56, 0.0), 0.02)
    for x in (-0.55, 0.52):
        for y in (-0.43, 0.42):
            model.box(SHELF, (x, y, BOTTOM), (x + 0.07, y + 0.07, -0.035), 0.1)
    c, s, half = math.cos(CLOTH_TURN), math.sin(CLOTH_TURN), CLOTH_HALF

    def place(u, v):
        a, b = (2 * u - 1) * half, (2 * v - 1) * half
        a = a + 0.004 * np.sin(9 * b + 1)  # no cloth has straight edges
        b = b + 0.004 * np.sin(11 * a + 2)
        x, y = c * a - s * b + 0.015, s * a + c * b + 0.01
        return x, y, cloth_height(x, y)

    model.surface(CLOTH, place, 200, 200, lambda u, v: ((2 * u - 1) * half, (2 * v - 1) * half, 0 * u))


def _walls(model: Model) -> None:
    height, wide, deep = TOP - BOTTOM, EAST - WEST, NORTH - SOUTH
    step = 0.08
    model.plane(WALL, (WEST, NORTH, BOTTOM), (wide, 0, 0), (0, 0, height), step, 1)
    model.plane(WALL, (EAST, NORTH, BOTTOM), (0, -deep, 0), (0, 0, height), step, 2)
    model.plane(WALL, (EAST, SOUTH, BOTTOM), (-wide, 0, 0), (0, 0, height), step, 3)
    y0, y1, z0, z1 = PANE
    for low, high, foot, head in (
        (SOUTH, NORTH, BOTTOM, z0),
        (SOUTH, NORTH, z1, TOP),
        (SOUTH, y0, z0, z1),
        (y1, NORTH, z0, z1),
    ):
        model.plane(WALL, (WEST, low, foot), (0, high - low, 0), (0, 0, head - foot), step, 4)
    model.plane(FLOOR, (WEST, SOUTH, BOTTOM), (wide, 0, 0), (0, deep, 0), step)
    model.plane(CEILING, (WEST, SOUTH, TOP), (0, deep, 0), (wide, 0, 0), 0.15)
    model.plane(RUG, (-1.2, -1.3, BOTTOM + 0.008), (2.4, 0, 0), (0, 2.7, 0), 0.08)
    model.plane(WINDOW, (WEST - 0.12, y0, z0), (0, y1 - y0, 0), (0, 0, z1 - z0), 0.3)
    for y in (y0 - 0.03, (y0 + y1) / 2 - 0.02, y1 - 0.03):
        model.box(FRAME, (WEST - 0.12, y, z0), (WEST + 0.03, y + 0.05, z1))
    for z in (z0 - 0.04, (z0 + z1) / 2 + 0.12, z1 - 0.02):
        model.box(FRAME, (WEST - 0.12, y0, z), (WEST + 0.03 + (0.12 if z < z0 else 0), y1, z + 0.045))
    for y, seed in ((y0 - 0.42, 1), (y1 - 0.02, 2)):

        def fold(u, v, y=y, seed=seed):
            wave = 0.045 * np.sin(u * 26 + seed) + 0.015 * np.sin(u * 57 + 3 * v)
            return (
                WEST + 0.13 + wave * (1.1 - 0.4 * v),
                y + 0.44 * u + 0.03 * v * (1 - v),
                BOTTOM + 0.05 + v * 2.3,
            )

        model.surface(CURTAIN, fold, 60, 24, lambda u, v: (0.5 * u, 2.3 * v, 0 * u), seed)


def _shelves(model: Model, rng) -> None:
    """A bookcase along the north wall."""
    x0, x1, y1 = -1.15, 1.15, NORTH
    y0 = y1 - 0.30
    levels = [BOTTOM + 0.06, -0.32, 0.02, 0.36, 0.70, 1.04]
    for z in levels:
        model.box(SHELF, (x0, y0, z - 0.028), (x1, y1, z), 0.1)
    for x in (x0, -0.40, 0.37, x1 - 0.03):
        model.box(SHELF, (x, y0, BOTTOM), (x + 0.03, y1, levels[-1]), 0.1)
    for level, z in enumerate(levels):
        tall = (levels[level + 1] - z if level < 5 else 0.36) - 0.05
        x = x0 + 0.035
        while x < x1 - 0.09:
            for post in (-0.40, 0.37):
                if post - 0.075 < x < post + 0.035:
                    x = post + 0.035
            if rng.random() < 0.10:
                model.pillow(
                    POT,
                    (x + 0.08, y0 + 0.13, z + 0.09),
                    (0.065, 0.065, 0.09),
                    0,
                    int(rng.integers(1 << 20)),
                    0.8,
                )
                x += 0.18
                continue
            thick = rng.uniform(0.018, 0.052)
            high, deep = tall * rng.uniform(0.6, 0.98), rng.uniform(0.14, 0.21)
            lean = rng.choice([0.0, 0.0, 0.0, 0.05, -0.03])
            front = y0 + rng.uniform(0.01, 0.05)
            model.box(
                BOOK,
                (x, front, z),
                (x + thick, front + deep, z + high),
                0.1,
                int(rng.integers(1 << 30)),
                lean,
            )
            x += thick + rng.choice([0.001, 0.002, 0.004, 0.03], p=[0.5, 0.3, 0.15, 0.05])


def _picture(model: Model, origin, eu, ev, out, seed: int) -> None:
    """A framed picture: lower left corner, its two sides and the way it faces."""
    origin, eu, ev, out = (np.asarray(a, float) for a in (origin, eu, ev, out))
    lift, border = out * 0.02, 0.035
    nu, nv = eu / np.linalg.norm(eu), ev / np.linalg.norm(ev)
    model.plane(PICTURE, origin + lift, eu, ev, 0.2, seed)
    for start, a, b in (
        (origin - nu * border - nv * border, eu + 2 * nu * border, nv * border),
        (origin - nu * border + ev, eu + 2 * nu * border, nv * border),
        (origin - nu * border, nu * border, ev),
        (origin + eu, nu * border, ev),
    ):
        model.plane(SHELF, start + out * 0.035, a, b, 0.2, seed)


def _furniture(model: Model, rng) -> None:
    # East wall: pictures over a chest of drawers with the lamp on it.
    for y, z, w, h in (
        (0.75, 0.45, 0.55, 0.75),
        (0.0, 0.6, 0.5, 0.42),
        (-0.05, 0.12, 0.42, 0.36),
        (-0.75, 0.3, 0.6, 0.8),
    ):
        _picture(model, (EAST, y, z), (0, -w, 0), (0, 0, h), (-1, 0, 0), int(rng.integers(1 << 20)))
    model.box(SHELF, (EAST - 0.5, -0.9, BOTTOM), (EAST, 1.7, 0.0), 0.12)
    for i in range(5):
        seed = int(rng.integers(1 << 20))
        y = -0.75 + 0.33 * i
        model.pillow(
            POT, (EAST - 0.26, y, 0.10), (0.07 + 0.03 * (i % 2), 0.07 + 0.03 * (i % 2), 0.1), 0, seed, 0.8
        )
    model.box(
        FRAME, (LAMP_AT[0] - 0.03, LAMP_AT[1] - 0.03, 0.0), (LAMP_AT[0] + 0.03, LAMP_AT[1] + 0.03, 0.32)
    )
    model.pillow(LAMP, LAMP_AT, (LAMP_RADIUS, LAMP_RADIUS, 0.15), 0.0, 1, 0.8)
    # South wall: a sofa with cushions, pictures over it.
    model.box(FABRIC, (-1.1, SOUTH, BOTTOM), (1.1, SOUTH + 0.8, BOTTOM + 0.42), 0.08, 1)
    model.box(FABRIC, (-1.1, SOUTH, BOTTOM), (1.1, SOUTH + 0.22, 0.10), 0.08, 2)
    for i, x in enumerate((-0.85, -0.42, 0.05, 0.5, 0.86)):
        model.pillow(
            FABRIC, (x, SOUTH + 0.36, BOTTOM + 0.62), (0.21, 0.10, 0.20), rng.uniform(-0.3, 0.3), 10 + i
        )
    for x, z, w, h in (
        (1.3, 0.3, 0.55, 0.75),
        (0.55, 0.42, 0.85, 0.62),
        (-0.45, 0.32, 0.5, 0.66),
        (-1.1, 0.5, 0.4, 0.5),
    ):
        _picture(model, (x, SOUTH, z), (-w, 0, 0), (0, 0, h), (0, 1, 0), int(rng.integers(1 << 20)))
    # A plant in each western corner.
    for x, y, reach in ((-1.65, 1.85, 0.62), (-1.6, -1.75, 0.5)):
        model.pillow(POT, (x, y, BOTTOM + 0.2), (0.19, 0.19, 0.2), 0.0, 5, 0.7)
        for _ in range(70):
            _frond(model, rng, x, y, reach)


def _frond(model: Model, rng, x, y, reach) -> None:
    """One arching leaf of a potted plant."""
    angle, rise = rng.uniform(0, 2 * math.pi), rng.uniform(0.35, 1.5)
    out, wide = reach * rng.uniform(0.4, 1.0), rng.uniform(0.03, 0.06)
    c, s = math.cos(angle), math.sin(angle)

    def place(u, v):
        along = out * u * math.cos(0.6) + 0 * v
        up = BOTTOM + 0.38 + rise * (u * (1.35 - 0.75 * u)) - 0.03 * np.abs(2 * v - 1)
        side = (v - 0.5) * 2 * wide * np.sin(np.pi * np.clip(u * 1.2 - 0.2, 0.02, 1) ** 0.8)
        return x + c * along - s * side, y + s * along + c * side, up

    model.surface(PLANT, place, 10, 2, lambda u, v: (u, v, 0 * u), int(rng.integers(1 << 20)))


def build(seed: int) -> Model:
    """Everything but the owl."""
    rng = np.random.default_rng(seed)
    model = Model()
    _table(model)
    _walls(model)
    _shelves(model, rng)
    _furniture(model, rng)
    return model
