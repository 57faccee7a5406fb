"""The three files of a COLMAP model, as text and binary. Source: https://colmap.github.io/format.html"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meshloom.graph_runtime.errors import NodeError

#: Model number and its parameters in order; fx stands for both where fy is missing.
MODELS: dict[str, tuple[int, str]] = {
    "SIMPLE_PINHOLE": (0, "fx cx cy"),
    "PINHOLE": (1, "fx fy cx cy"),
    "SIMPLE_RADIAL": (2, "fx cx cy k1"),
    "RADIAL": (3, "fx cx cy k1 k2"),
    "OPENCV": (4, "fx fy cx cy k1 k2 p1 p2"),
}
_NAMES = {number: name for name, (number, _) in MODELS.items()}

#: Model, width, height, parameters.
Lens = tuple[str, int, int, list[float]]
#: Position, colour, and the (image, feature) that saw it.
Point = tuple[list[float], list[int], list[tuple[int, int]]]


@dataclass
class Picture:
    """A registered image: world-to-camera rotation (w x y z) and translation, and features (x, y, point)."""

    quaternion: list[float]
    shift: list[float]
    camera: int
    name: str
    features: list[tuple[float, float, int]] = field(default_factory=list)


@dataclass
class Model:
    """What was read. By number in the file; features of images are not kept."""

    cameras: dict[int, Lens] = field(default_factory=dict)
    images: dict[int, Picture] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)


def _lens(name: str, camera: int, model: str, width: int, height: int, numbers: list[float]) -> Lens:
    wanted = len(MODELS[model][1].split())
    if len(numbers) != wanted:
        raise NodeError(f"{name}: camera {camera} has {len(numbers)} parameters; {model} has {wanted}")
    if not (0 < width <= 10**6 and 0 < height <= 10**6):
        raise NodeError(f"{name}: camera {camera} has the size {width} x {height}; expected pixels")
    return model, width, height, numbers


def _unknown(name: str, model: object) -> NodeError:
    return NodeError(
        f"{name} has a camera of model {model}; expected one of {', '.join(MODELS)}",
        hint="undistort the photos with COLMAP (image_undistorter), which makes PINHOLE cameras",
    )


# ------------------------------------------------------------------------------------------------ binary


class _Bytes:
    """Numbers one after the other; counts are held against what is left."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.at = data, name, 0

    def take(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return found

    def count(self, least: int) -> int:
        """A number of entries of at least ``least`` bytes each."""
        (count,) = self.take("Q")
        if count * least > len(self.data) - self.at:
            raise NodeError(
                f"{self.name} declares {count:,} entries, more than the file holds",
                hint="it is cut off or damaged; copy it again",
            )
        return int(count)

    def word(self) -> str:
        end = self.data.index(b"\0", self.at)
        found = self.data[self.at : end].decode("utf-8", "replace")
        self.at = end + 1
        return found


def _cameras_bin(data: bytes, name: str, model: Model) -> None:
    source = _Bytes(data, name)
    for _ in range(source.count(24)):
        camera, number, width, height = source.take("IiQQ")
        if number not in _NAMES:
            raise _unknown(name, f"number {number}")
        kind = _NAMES[number]
        numbers = list(source.take(f"{len(MODELS[kind][1].split())}d"))
        model.cameras[camera] = _lens(name, camera, kind, width, height, numbers)


def _images_bin(data: bytes, name: str, model: Model) -> None:
    source = _Bytes(data, name)
    for _ in range(source.count(73)):
        image, *pose, camera = source.take("I7dI")
        file = source.word()
        features = source.count(24)
        source.at += 24 * features
        model.images[image] = Picture(pose[:4], pose[4:], camera, file)


def _points_bin(data: bytes, name: str, model: Model) -> None:
    source = _Bytes(data, name)
    for _ in range(source.count(51)):
        _, *rest, _error = source.take("Q3d3Bd")
        track = np.frombuffer(data, "<u4", 2 * source.count(8), source.at).reshape(-1, 2)
        source.at += track.nbytes
        model.points.append((rest[:3], rest[3:], [(image, place) for image, place in track.tolist()]))


def _write_cameras_bin(lenses: list[Lens], images: list[Picture], points: list[Point]) -> bytes:
    parts = [struct.pack("<Q", len(lenses))]
    for number, (model, width, height, numbers) in enumerate(lenses, 1):
        parts.append(struct.pack(f"<IiQQ{len(numbers)}d", number, MODELS[model][0], width, height, *numbers))
    return b"".join(parts)


def _write_images_bin(lenses: list[Lens], images: list[Picture], points: list[Point]) -> bytes:
    parts = [struct.pack("<Q", len(images))]
    for number, image in enumerate(images, 1):
        parts.append(struct.pack("<I7dI", number, *image.quaternion, *image.shift, image.camera))
        parts.append(image.name.encode().replace(b"\0", b"_") + b"\0")
        parts.append(struct.pack("<Q", len(image.features)))
        parts += [struct.pack("<2dQ", *feature) for feature in image.features]
    return b"".join(parts)


def _write_points_bin(lenses: list[Lens], images: list[Picture], points: list[Point]) -> bytes:
    parts = [struct.pack("<Q", len(points))]
    for number, (position, colour, track) in enumerate(points, 1):
        parts.append(struct.pack("<Q3d3BdQ", number, *position, *colour, 0.0, len(track)))
        parts += [struct.pack("<II", image, feature) for image, feature in track]
    return b"".join(parts)


# -------------------------------------------------------------------------------------------------- text


def _rows(data: bytes) -> Iterator[list[str]]:
    for line in data.decode("utf-8", "replace").splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            yield words


def _cameras_txt(data: bytes, name: str, model: Model) -> None:
    for words in _rows(data):
        camera, kind, width, height, *numbers = words
        if kind not in MODELS:
            raise _unknown(name, kind[:40])
        parsed = [float(number) for number in numbers]
        model.cameras[int(camera)] = _lens(name, int(camera), kind, int(width), int(height), parsed)


def _images_txt(data: bytes, name: str, model: Model) -> None:
    # Two lines an image, of which the second, its features, may be empty.
    lines = [
        line for line in data.decode("utf-8", "replace").splitlines() if not line.lstrip().startswith("#")
    ]
    at = 0
    while at < len(lines):
        words = lines[at].split(maxsplit=9)
        at += 1
        if not words:
            continue
        if len(words) != 10:
            raise NodeError(
                f"{name} has a line of {len(words)} words; an image has 10", hint="export it again"
            )
        image, *pose, camera, file = words
        numbers = [float(number) for number in pose]
        model.images[int(image)] = Picture(numbers[:4], numbers[4:], int(camera), file.strip())
        at += 1


def _points_txt(data: bytes, name: str, model: Model) -> None:
    for words in _rows(data):
        if len(words) < 8 or len(words) % 2:
            raise NodeError(
                f"{name} has a point of {len(words)} words; expected 8 and pairs", hint="export it again"
            )
        track = [int(number) for number in words[8:]]
        pairs = list(zip(track[::2], track[1::2], strict=True))
        model.points.append(([float(x) for x in words[1:4]], [int(c) for c in words[4:7]], pairs))


def _write_cameras_txt(lenses: list[Lens], images: list[Picture], points: list[Point]) -> bytes:
    lines = ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"]
    for number, (model, width, height, numbers) in enumerate(lenses, 1):
        lines.append(f"{number} {model} {width} {height} {_numbers(numbers)}")
    return _text(lines)


def _write_images_txt(lenses: list[Lens], images: list[Picture], points: list[Point]) -> bytes:
    lines = ["# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME", "# POINTS2D[] as (X, Y, POINT3D_ID)"]
    for number, image in enumerate(images, 1):
        name = " ".join(image.name.splitlines())
        lines.append(f"{number} {_numbers(image.quaternion)} {_numbers(image.shift)} {image.camera} {name}")
        lines.append(" ".join(f"{x!r} {y!r} {point}" for x, y, point in image.features))
    return _text(lines)


def _write_points_txt(lenses: list[Lens], images: list[Picture], points: list[Point]) -> bytes:
    lines = ["# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)"]
    for number, (position, (red, green, blue), track) in enumerate(points, 1):
        seen = "".join(f" {image} {feature}" for image, feature in track)
        lines.append(f"{number} {_numbers(position)} {red} {green} {blue} 0{seen}")
    return _text(lines)


def _numbers(numbers: list[float]) -> str:
    return " ".join(repr(number) for number in numbers)  # the shortest that comes back exactly


def _text(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


Reader = Callable[[bytes, str, Model], None]
Writer = Callable[[list[Lens], list[Picture], list[Point]], bytes]

READ_BINARY: dict[str, Reader] = {"cameras": _cameras_bin, "images": _images_bin, "points3D": _points_bin}
READ_TEXT: dict[str, Reader] = {"cameras": _cameras_txt, "images": _images_txt, "points3D": _points_txt}
WRITE_BINARY: dict[str, Writer] = {
    "cameras": _write_cameras_bin,
    "images": _write_images_bin,
    "points3D": _write_points_bin,
}
WRITE_TEXT: dict[str, Writer] = {
    "cameras": _write_cameras_txt,
    "images": _write_images_txt,
    "points3D": _write_points_txt,
}
