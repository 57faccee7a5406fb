"""Draws meshes and clouds with Open3D's visualizer, in a process of its own: a graphics driver may take it down.

:mod:`meshloom.ui.viewport.hardware` speaks to it in lines of JSON; arrays lie in files of a shared folder. Pictures
are not lit here, so that they look as those of the processor do.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

Request = dict[str, Any]

_GL_VENDOR, _GL_RENDERER = 0x1F00, 0x1F01


class Layer:
    """A hidden window with things of one kind; what is not to be seen waits outside."""

    def __init__(self, o3d: Any) -> None:
        self._o3d = o3d
        self._window: Any = None
        self._size = (0, 0)
        self._made: dict[str, Any] = {}
        self._inside: set[str] = set()

    def add(self, key: str, geometry: Any) -> None:
        self._made[key] = geometry

    def drop(self, key: str) -> None:
        self._show(self._inside - {key})
        self._made.pop(key, None)

    def picture(self, request: Request, normals: bool) -> tuple[NDArray[np.float32], ...] | None:
        """Colour (H, W, 3), depth (H, W) and, if asked for, normals in world axes (n / 2 + 1 / 2)."""
        shown = {key for key in request["show"] if key in self._made}
        if not shown:
            return None
        self._open(tuple(request["size"]))
        self._show(shown)
        self._look(request)
        option = self._window.get_render_option()
        colours = self._o3d.visualization.MeshColorOption
        option.mesh_color_option = colours.Color
        option.point_size = float(request["point_size"])
        colour, depth = self._captured(True)
        if not normals:
            return colour, depth
        option.mesh_color_option = colours.Normal
        return colour, depth, self._captured(False)[0]

    def _captured(self, deep: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self._window.poll_events()
        self._window.update_renderer()
        colour = np.asarray(self._window.capture_screen_float_buffer(False), np.float32)
        if colour.shape[1::-1] != self._size:
            raise RuntimeError(f"the window is of size {colour.shape[1::-1]}, not {self._size}")
        none = np.zeros((0, 0), np.float32)
        return colour, np.asarray(
            self._window.capture_depth_float_buffer(False), np.float32
        ) if deep else none

    def _open(self, size: tuple[int, int]) -> None:
        if self._size == size:
            return
        if self._window is not None:
            self._window.destroy_window()
        self._window = self._o3d.visualization.Visualizer()
        self._inside, self._size = set(), size
        if not self._window.create_window("Meshloom", *size, visible=False):
            raise RuntimeError("no window for drawing could be opened")
        option = self._window.get_render_option()
        option.background_color = np.zeros(3)
        option.light_on = False
        option.mesh_show_back_face = True

    def _show(self, keys: set[str]) -> None:
        for key in self._inside - keys:
            self._window.remove_geometry(self._made[key], reset_bounding_box=False)
        for key in keys - self._inside:
            self._window.add_geometry(self._made[key], reset_bounding_box=not self._inside)
        self._inside = set(keys)

    def _look(self, request: Request) -> None:
        width, height = self._size
        camera = self._o3d.camera.PinholeCameraParameters()
        focal = request["focal"]
        camera.intrinsic = self._o3d.camera.PinholeCameraIntrinsic(
            width, height, focal, focal, width / 2 - 0.5, height / 2 - 0.5
        )
        camera.extrinsic = np.array(request["extrinsic"], np.float64)
        control = self._window.get_view_control()
        control.set_constant_z_near(request["near"])
        control.set_constant_z_far(request["far"])
        control.convert_from_pinhole_camera_parameters(camera, True)


class Stage:
    """Answers requests. Meshes and clouds are drawn apart: only the first have normals to be lit by."""

    def __init__(self, folder: Path) -> None:
        import open3d as o3d

        o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)
        self._o3d = o3d
        self._folder = folder
        self._solid, self._cloud = Layer(o3d), Layer(o3d)

    def hello(self, request: Request) -> Request:
        """The graphics card's name, and how long the second of two small pictures takes (seconds)."""
        sphere = self._o3d.geometry.TriangleMesh.create_sphere(1.0, 16)
        self._solid.add("probe", sphere)
        view = {
            "show": ["probe"], "size": [64, 64], "focal": 64.0, "near": 0.1, "far": 10.0, "point_size": 1,
            "extrinsic": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 4], [0, 0, 0, 1]],
        }  # fmt: skip
        self._solid.picture(view, False)
        begun = time.perf_counter()
        self._solid.picture(view, False)
        seconds = time.perf_counter() - begun
        self._solid.drop("probe")
        return {"renderer": _gl_name(_GL_RENDERER), "vendor": _gl_name(_GL_VENDOR), "seconds": seconds}

    def mesh(self, request: Request) -> Request:
        geometry, utility = self._o3d.geometry, self._o3d.utility
        held = {name: self._read(file) for name, file in request["arrays"].items()}
        made = geometry.TriangleMesh(
            utility.Vector3dVector(held["vertices"].astype(np.float64)),
            utility.Vector3iVector(held["faces"]),
        )
        made.vertex_normals = utility.Vector3dVector(held["normals"].astype(np.float64))
        if "texture" in held:
            corners = held["uv"][held["faces"].reshape(-1)].astype(np.float64)
            made.triangle_uvs = utility.Vector2dVector(corners)
            made.textures = [geometry.Image(np.ascontiguousarray(held["texture"]))]
            made.triangle_material_ids = utility.IntVector(np.zeros(len(held["faces"]), np.int32))
        elif len(held["colours"]) > 1:
            made.vertex_colors = utility.Vector3dVector(held["colours"] / 255.0)
        else:
            made.paint_uniform_color(held["colours"][0] / 255.0)
        self._solid.add(request["key"], made)
        return {}

    def cloud(self, request: Request) -> Request:
        held = {name: self._read(file) for name, file in request["arrays"].items()}
        vectors = self._o3d.utility.Vector3dVector
        made = self._o3d.geometry.PointCloud(vectors(held["positions"].astype(np.float64)))
        colours = held["colours"] / 255.0
        made.colors = vectors(np.broadcast_to(colours, (len(held["positions"]), 3)).copy())
        self._cloud.add(request["key"], made)
        return {}

    def drop(self, request: Request) -> Request:
        self._solid.drop(request["key"])
        self._cloud.drop(request["key"])
        return {}

    def draw(self, request: Request) -> Request:
        """Writes the pictures of both layers into the folder; the names of those that show anything."""
        made: dict[str, NDArray[np.float32]] = {}
        solid = self._solid.picture(request, request["normals"])
        cloud = self._cloud.picture(request, False)
        for name, pictures in (("solid", solid), ("cloud", cloud)):
            for what, pixels in zip(("colour", "depth", "normal"), pictures or (), strict=False):
                made[f"{name}_{what}"] = pixels
        for name, pixels in made.items():
            np.save(self._folder / f"{name}.npy", pixels, allow_pickle=False)
        return {"made": sorted(made)}

    def _read(self, file: str) -> NDArray[Any]:
        """An array of the folder; its file is not needed afterwards."""
        path = self._folder / file
        held: NDArray[Any] = np.load(path, allow_pickle=False)
        path.unlink()
        return held


def _gl_name(what: int) -> str:
    """What the driver says of itself; a context must be current. Empty where it cannot be asked."""
    library = {"win32": "opengl32", "darwin": "/System/Library/Frameworks/OpenGL.framework/OpenGL"}
    try:
        if sys.platform == "win32":
            gl = ctypes.WinDLL(library["win32"])
        else:
            gl = ctypes.CDLL(library.get(sys.platform, "libGL.so.1"))
        gl.glGetString.restype = ctypes.c_char_p
        return (gl.glGetString(what) or b"").decode(errors="replace")
    except (OSError, AttributeError):
        return ""


def serve(folder: Path, requests: TextIO, answers: TextIO) -> None:
    """One answer for each request, in order, until there are no more."""
    stage = Stage(folder)
    known: dict[str, Callable[[Request], Request]] = {
        "hello": stage.hello, "mesh": stage.mesh, "cloud": stage.cloud, "drop": stage.drop, "draw": stage.draw,
    }  # fmt: skip
    for line in requests:
        request = json.loads(line)
        try:
            answer = known[request["do"]](request)
        except Exception as error:  # the other side must hear of it, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps({**answer, "id": request["id"]}) + "\n")
        answers.flush()


if __name__ == "__main__":
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Open3D writes what it has to say to standard output
    try:
        serve(Path(sys.argv[1]), sys.stdin, channel)
    finally:  # the other side may have ended without a word
        shutil.rmtree(sys.argv[1], ignore_errors=True)
