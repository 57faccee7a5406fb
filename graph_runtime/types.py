"""The values that travel on wires.

Every value is a frozen dataclass whose arrays are read-only, so a result can be shared by the cache, by
several nodes at once and by the window without copies. One decorator, :func:`value`, makes a class a value:
that is all a new type needs to be stored, loaded, digested and checked (see ``codecs.py``).

Conventions, everywhere inside Meshloom (files are converted once, in ``formats/``):

* pixels: row-major ``(H, W, C)``, sRGB; ``uint8`` in 0..255 or ``float32`` with 1.0 = white (above it: HDR)
* pixel coordinates: ``(0, 0)`` is the outer corner of the top left pixel, its centre is ``(0.5, 0.5)``
* cameras: OpenCV axes (x right, y down, z forward), extrinsics are world-to-camera
* world: right-handed, y down as in OpenCV; units are whatever the scene has
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError

Array = NDArray[Any]
T = TypeVar("T")

#: Every value class by name: what a stored file may hold.
VALUES: dict[str, type] = {}

#: Python scalars that may travel on a wire (and be parameters).
SCALARS: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}


@dataclass_transform(frozen_default=True, eq_default=False)
def value(cls: type[T]) -> type[T]:
    """Make ``cls`` a value: a frozen dataclass, arrays made contiguous and read-only, found by its name.

    Fields may be arrays, scalars, strings, tuples of those, other values, or ``None``. A method ``check``
    is called after construction; it raises ``ValueError`` naming the field that is wrong.
    """

    def __post_init__(self: Any) -> None:
        for field in dataclasses.fields(self):
            held = getattr(self, field.name)
            if isinstance(held, np.ndarray):
                object.__setattr__(self, field.name, frozen_array(held))
            elif isinstance(held, tuple) and any(isinstance(item, np.ndarray) for item in held):
                frozen = tuple(frozen_array(item) if isinstance(item, np.ndarray) else item for item in held)
                object.__setattr__(self, field.name, frozen)
        check = getattr(self, "check", None)
        if check is not None:
            check()

    cls.__post_init__ = __post_init__  # type: ignore[attr-defined]
    made = dataclasses.dataclass(frozen=True, eq=False)(cls)
    VALUES[made.__name__] = made
    return made


def frozen_array(array: Array) -> Array:
    """A C-contiguous, little-endian, read-only view of ``array`` (a copy only where the layout asks for it)."""
    array = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _shape(array: Array, field: str, *shape: int | None) -> None:
    """Raise unless ``array`` has ``shape``, where ``None`` stands for any length."""
    fits = array.ndim == len(shape) and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{field} has shape {array.shape}; expected ({wanted})")


def _dtype(array: Array, field: str, *dtypes: str) -> None:
    if array.dtype.name not in dtypes:
        raise ValueError(f"{field} has dtype {array.dtype}; expected {' or '.join(dtypes)}")


def _not_empty(array: Array, field: str) -> None:
    if 0 in array.shape:
        raise ValueError(f"{field} is empty; expected at least one pixel")


# --------------------------------------------------------------------------------------------- pictures


@value
class Image:
    """A picture. ``pixels``: (H, W, 1|3|4) uint8 or float32, sRGB; alpha is straight, not premultiplied.

    ``name`` is the file it came from (without folder). ``focal_px`` is the focal length in pixels of this
    very resolution, from EXIF, or 0.0 where unknown.
    """

    pixels: Array
    name: str = ""
    focal_px: float = 0.0

    def check(self) -> None:
        _shape(self.pixels, "Image.pixels", None, None, None)
        _dtype(self.pixels, "Image.pixels", "uint8", "float32")
        if self.pixels.shape[2] not in (1, 3, 4):
            raise ValueError(f"Image.pixels has {self.pixels.shape[2]} channels; expected 1, 3 or 4")
        _not_empty(self.pixels, "Image.pixels")

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def with_pixels(self, pixels: Array) -> Image:
        """The same photo with other pixels; the focal length follows a change of width."""
        scale = pixels.shape[1] / self.width
        return Image(pixels, self.name, self.focal_px * scale)

    def as_float(self) -> NDArray[np.float32]:
        """(H, W, C) float32, 1.0 = white."""
        if self.pixels.dtype == np.uint8:
            return self.pixels.astype(np.float32) / np.float32(255.0)
        return self.pixels

    def as_uint8(self) -> NDArray[np.uint8]:
        """(H, W, C) uint8, rounded and clipped."""
        if self.pixels.dtype == np.uint8:
            return np.asarray(self.pixels, np.uint8)
        clean = np.nan_to_num(self.pixels, nan=0.0, posinf=1.0, neginf=0.0)
        return np.asarray(np.clip(clean, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)

    def rgb(self) -> Array:
        """(H, W, 3): grey is repeated, alpha is dropped."""
        if self.pixels.shape[2] == 1:
            return np.repeat(self.pixels, 3, axis=2)
        return self.pixels[:, :, :3]


@value
class Mask:
    """Coverage of each pixel. ``coverage``: (H, W) float32 in 0..1, 1 = selected."""

    coverage: Array
    name: str = ""

    def check(self) -> None:
        _shape(self.coverage, "Mask.coverage", None, None)
        _dtype(self.coverage, "Mask.coverage", "float32")
        _not_empty(self.coverage, "Mask.coverage")


@value
class DepthMap:
    """Distance along the optical axis (z, not ray length). ``depth``: (H, W) float32, 0 = unknown.

    ``confidence``: (H, W) float32 in 0..1, or ``None``. ``name`` is the photo it belongs to.
    """

    depth: Array
    confidence: Array | None = None
    name: str = ""

    def check(self) -> None:
        _shape(self.depth, "DepthMap.depth", None, None)
        _dtype(self.depth, "DepthMap.depth", "float32")
        _not_empty(self.depth, "DepthMap.depth")
        if self.confidence is not None:
            _shape(self.confidence, "DepthMap.confidence", *self.depth.shape)
            _dtype(self.confidence, "DepthMap.confidence", "float32")


# --------------------------------------------------------------------------------------------- geometry


@value
class Cameras:
    """N calibrated photographs, OpenCV convention.

    ``intrinsics``: (N, 3, 3) float64, pixels of ``sizes``. ``extrinsics``: (N, 3, 4) float64, [R|t]
    world-to-camera. ``sizes``: (N, 2) int32, width and height. ``distortion``: (N, 4) float64, OpenCV's
    k1, k2, p1, p2 (zeros: a pinhole). ``names``: the photo each belongs to.
    """

    intrinsics: Array
    extrinsics: Array
    sizes: Array
    names: tuple[str, ...]
    distortion: Array | None = None

    def check(self) -> None:
        count = len(self.names)
        _shape(self.intrinsics, "Cameras.intrinsics", count, 3, 3)
        _shape(self.extrinsics, "Cameras.extrinsics", count, 3, 4)
        _shape(self.sizes, "Cameras.sizes", count, 2)
        _dtype(self.intrinsics, "Cameras.intrinsics", "float64")
        _dtype(self.extrinsics, "Cameras.extrinsics", "float64")
        _dtype(self.sizes, "Cameras.sizes", "int32")
        if self.distortion is not None:
            _shape(self.distortion, "Cameras.distortion", count, 4)
            _dtype(self.distortion, "Cameras.distortion", "float64")

    def __len__(self) -> int:
        return len(self.names)

    def centres(self) -> NDArray[np.float64]:
        """(N, 3) camera positions in the world: -R^T t."""
        rotation, shift = self.extrinsics[:, :, :3], self.extrinsics[:, :, 3]
        return np.asarray(-np.einsum("nji,nj->ni", rotation, shift), np.float64)

    def need_pinholes(self) -> None:
        """Raise ``NodeError`` where one has lens distortion, or numbers that describe no camera."""
        if self.distortion is not None and np.any(self.distortion):
            raise NodeError(
                "the cameras have lens distortion; expected pinhole cameras",
                hint="put reconstruct.undistort before this node and connect its images and cameras",
            )
        if not (np.isfinite(self.intrinsics).all() and np.isfinite(self.extrinsics).all()):
            raise NodeError(
                "a camera has values that are not finite numbers", hint="check the reconstruction"
            )
        if (self.sizes < 1).any() or (self.intrinsics[:, [0, 1], [0, 1]] <= 0).any():
            raise NodeError("a camera has no size or focal length", hint="check the reconstruction")

    def select(self, indices: list[int]) -> Cameras:
        """The cameras at ``indices``, in that order."""
        return Cameras(
            self.intrinsics[indices],
            self.extrinsics[indices],
            self.sizes[indices],
            tuple(self.names[i] for i in indices),
            None if self.distortion is None else self.distortion[indices],
        )

    def scaled(self, sizes: Array) -> Cameras:
        """The same cameras for photos resized to ``sizes`` (N, 2)."""
        sizes = np.asarray(sizes, np.int32)
        factor = sizes / self.sizes
        intrinsics = self.intrinsics.copy()
        intrinsics[:, 0] *= factor[:, :1]
        intrinsics[:, 1] *= factor[:, 1:]
        return Cameras(intrinsics, self.extrinsics, sizes, self.names, self.distortion)


@value
class PointCloud:
    """P points. ``positions``: (P, 3) float32.

    ``colours``: (P, 3) uint8 sRGB. ``normals``: (P, 3) float32, unit. ``confidence``: (P,) float32 in 0..1.
    ``observations``: (T, 2) int32, rows (point, camera) saying which camera saw which point.
    """

    positions: Array
    colours: Array | None = None
    normals: Array | None = None
    confidence: Array | None = None
    observations: Array | None = None

    def check(self) -> None:
        _shape(self.positions, "PointCloud.positions", None, 3)
        _dtype(self.positions, "PointCloud.positions", "float32")
        count = len(self.positions)
        if self.colours is not None:
            _shape(self.colours, "PointCloud.colours", count, 3)
            _dtype(self.colours, "PointCloud.colours", "uint8")
        if self.normals is not None:
            _shape(self.normals, "PointCloud.normals", count, 3)
            _dtype(self.normals, "PointCloud.normals", "float32")
        if self.confidence is not None:
            _shape(self.confidence, "PointCloud.confidence", count)
            _dtype(self.confidence, "PointCloud.confidence", "float32")
        if self.observations is not None:
            _shape(self.observations, "PointCloud.observations", None, 2)
            _dtype(self.observations, "PointCloud.observations", "int32")

    def __len__(self) -> int:
        return len(self.positions)


@value
class Material:
    """A glTF metallic-roughness material. Textures are sRGB (base colour) or linear data, (H, W, C) uint8.

    ``metallic_roughness``: green = roughness, blue = metallic. ``normal``: tangent space.
    """

    base_colour: Array | None = None
    base_factor: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    metallic_roughness: Array | None = None
    metallic: float = 0.0
    roughness: float = 1.0
    normal: Array | None = None

    def check(self) -> None:
        for field in ("base_colour", "metallic_roughness", "normal"):
            texture = getattr(self, field)
            if texture is not None:
                _shape(texture, f"Material.{field}", None, None, None)
                _dtype(texture, f"Material.{field}", "uint8")
                _not_empty(texture, f"Material.{field}")


@value
class Mesh:
    """A triangle mesh. ``vertices``: (V, 3) float32; ``faces``: (F, 3) int32, counter-clockwise from outside.

    ``uv``: (V, 2) float32, glTF convention: (0, 0) is the top left corner of the texture. ``normals``:
    (V, 3) float32, unit. ``colours``: (V, 3) uint8 sRGB.
    """

    vertices: Array
    faces: Array
    uv: Array | None = None
    normals: Array | None = None
    colours: Array | None = None
    material: Material | None = None

    def check(self) -> None:
        _shape(self.vertices, "Mesh.vertices", None, 3)
        _dtype(self.vertices, "Mesh.vertices", "float32")
        _shape(self.faces, "Mesh.faces", None, 3)
        _dtype(self.faces, "Mesh.faces", "int32")
        count = len(self.vertices)
        if len(self.faces) and (self.faces.min() < 0 or self.faces.max() >= count):
            raise ValueError(f"Mesh.faces names a vertex outside 0..{count - 1}")
        if self.uv is not None:
            _shape(self.uv, "Mesh.uv", count, 2)
            _dtype(self.uv, "Mesh.uv", "float32")
        if self.normals is not None:
            _shape(self.normals, "Mesh.normals", count, 3)
            _dtype(self.normals, "Mesh.normals", "float32")
        if self.colours is not None:
            _shape(self.colours, "Mesh.colours", count, 3)
            _dtype(self.colours, "Mesh.colours", "uint8")


#: As many splats tell where they lie as well as all of them.
_ENOUGH = 100_000


@value
class Splats:
    """N 3D Gaussians: a scene as soft, coloured ellipsoids, after their activations.

    ``means``: (N, 3) float32, world. ``quaternions``: (N, 4) float32, w, x, y, z, of any length but zero.
    ``scales``: (N, 3) float32, standard deviations along the turned axes, above 0. ``opacities``: (N,) float32
    in 0..1. ``sh``: (N, K, 3) float32, K = 1, 4, 9 or 16 coefficients of real spherical harmonics with the signs
    of Kerbl et al., 2023; the sRGB colour towards a direction is 0.5 + their sum. ``antialiased``: to be drawn
    with opacities lowered by what the pixel's blur adds (Mip-Splatting), as it was trained.
    """

    means: Array
    quaternions: Array
    scales: Array
    opacities: Array
    sh: Array
    antialiased: bool = False

    def check(self) -> None:
        _shape(self.means, "Splats.means", None, 3)
        count = len(self.means)
        _shape(self.quaternions, "Splats.quaternions", count, 4)
        _shape(self.scales, "Splats.scales", count, 3)
        _shape(self.opacities, "Splats.opacities", count)
        _shape(self.sh, "Splats.sh", count, None, 3)
        if self.sh.shape[1] not in (1, 4, 9, 16):
            raise ValueError(f"Splats.sh has {self.sh.shape[1]} coefficients; expected 1, 4, 9 or 16")
        for field in ("means", "quaternions", "scales", "opacities", "sh"):
            _dtype(getattr(self, field), f"Splats.{field}", "float32")

    def __len__(self) -> int:
        return len(self.means)

    @property
    def degree(self) -> int:
        """The highest band of spherical harmonics, 0 to 3."""
        return {1: 0, 4: 1, 9: 2, 16: 3}[self.sh.shape[1]]

    def take(self, rows: Array) -> Splats:
        """Those of ``rows``: numbers, or a truth value each."""
        return Splats(
            self.means[rows],
            self.quaternions[rows],
            self.scales[rows],
            self.opacities[rows],
            self.sh[rows],
            self.antialiased,
        )

    def base_colours(self) -> NDArray[np.uint8]:
        """(N, 3) uint8 sRGB without what depends on the direction."""
        shade = 0.5 + 0.28209479177387814 * np.nan_to_num(self.sh[:, 0].astype(np.float64))
        return np.asarray(np.clip(shade, 0, 1) * 255 + 0.5).astype(np.uint8)

    def core(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """(low, high) corners (3,) of the box to look at; ``None`` where that is all there is.

        What lies behind a scene is shown by few and large splats: where most of the small ones are is what was
        photographed.
        """
        some = slice(None, None, max(1, len(self) // _ENOUGH))
        means, scales = self.means[some], self.scales[some]
        seen = np.isfinite(means).all(axis=1) & np.isfinite(scales).all(axis=1) & (self.opacities[some] > 0.1)
        if seen.sum() < 100:
            return None
        places, sizes = means[seen].astype(np.float64), scales[seen].max(axis=1)
        low, high = np.percentile(places[sizes <= np.median(sizes)], [5, 95], axis=0)
        first, last = np.percentile(places, [1, 99], axis=0)
        return (low, high) if np.linalg.norm(high - low) < 0.5 * np.linalg.norm(last - first) else None


@value
class SplattingKernel:
    """A choice of what draws splats and takes gradients back: a value, not a setting that holds somewhere.

    ``fingerprint``: digests all that decides the bits it returns, so that what used the kernel is computed anew
    exactly when these could differ.
    """

    id: str
    title: str
    fingerprint: str


# ------------------------------------------------------------------------------------- words and numbers


@value
class Text:
    """Words: a prompt, a report, a caption."""

    text: str


@value
class Table:
    """Rows under named columns; a cell is a string, a number or None."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def check(self) -> None:
        for index, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"Table row {index} has {len(row)} cells; expected {len(self.columns)}")


@value
class Series:
    """One curve of a figure. ``x``, ``y``: (N,) float64. ``kind``: line, points or bars."""

    name: str
    x: Array
    y: Array
    kind: str = "line"

    def check(self) -> None:
        _shape(self.y, "Series.y", len(self.x))


@value
class Figure:
    """A plot as data: drawn by whoever shows it, exact when exported."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]


@value
class File:
    """A file ready to be delivered: its name with extension, and its bytes as (N,) uint8."""

    name: str
    data: Array

    def check(self) -> None:
        _shape(self.data, "File.data", None)
        _dtype(self.data, "File.data", "uint8")


# ------------------------------------------------------------------------------------------ conversions

#: What may stand in for what: ``(from, to) -> function``. Only conversions that lose nothing.
CONVERSIONS: dict[tuple[type, type], Callable[[Any], Any]] = {}


def conversion(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Register a lossless conversion by its annotations; links between the two types become legal."""
    import typing

    hints = typing.get_type_hints(function)
    target = hints.pop("return")
    (source,) = hints.values()
    CONVERSIONS[source, target] = function
    return function


@conversion
def mask_to_image(mask: Mask) -> Image:
    return Image(mask.coverage[:, :, None], mask.name)


@conversion
def image_to_mask(image: Image) -> Mask:
    if image.pixels.shape[2] != 1:
        raise ValueError(
            f"an image of {image.pixels.shape[2]} channels is no mask; pick one with image.channel"
        )
    return Mask(image.as_float()[:, :, 0], image.name)


@conversion
def mesh_to_points(mesh: Mesh) -> PointCloud:
    return PointCloud(mesh.vertices, mesh.colours, mesh.normals)


@conversion
def depth_to_image(depth: DepthMap) -> Image:
    return Image(depth.depth[:, :, None], depth.name)


@conversion
def text_to_str(text: Text) -> str:
    return text.text


@conversion
def str_to_text(text: str) -> Text:
    return Text(text)


@conversion
def int_to_float(number: int) -> float:
    return float(number)
