"""Meshes and clouds drawn by the graphics card, where there is a real one, for large things that move.

Open3D's visualizer draws them unlit, with depth and normals, in a process of its own (:mod:`.open3d_process`);
they are lit here as the processor lights them. What it does not do (cut things, metal, lenses, photos that are off
centre) and the picture at rest are the processor's. ``MESHLOOM_VIEWPORT``: "cpu" never asks for it, "gpu" asks for it
whatever the size of things and the kind of driver.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.light import UNLIT, Look
from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.draw import NORMAL_PAINT, Style, bounds_of, look_of
from meshloom.ui.viewport.things import Bounds, Points, SolidMesh, Stands

Made = Sequence[SolidMesh | Points | Stands]

#: Triangles and points together from which a graphics card is looked for: fewer are quick without.
_WORTH = 200_000
#: How long the driver may take to begin, and a picture to be drawn (seconds).
_START, _DRAW = 20.0, 2.0
#: A picture of 64 x 64 that takes longer is not drawn by hardware (seconds).
_SLOW = 0.1
_SOFTWARE = re.compile(
    r"llvmpipe|softpipe|swrast|swiftshader|software|basic render|gdi generic", re.IGNORECASE
)


@dataclass
class _Held:
    """A thing that the process has or is being given. ``thing`` keeps it from being taken for another."""

    thing: Any
    key: str
    ready: bool = False


class Hardware:
    """The process and what it holds. Everything but :meth:`close` is called from one thread."""

    def __init__(self) -> None:
        self.mode = os.environ.get("MESHLOOM_VIEWPORT", "auto")
        #: Why nothing is drawn by it; empty while it may still be.
        self.refused = "not wanted" if self.mode == "cpu" else ""
        #: The driver's name, once known.
        self.renderer = ""
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._asked = 0
        self._waiting: dict[int, _Held] = {}
        self._held: dict[tuple[int, str], _Held] = {}
        self._lock = threading.Lock()

    def frame(self, made: Made, view: View, style: Style) -> Frame | None:
        """Meshes and clouds of ``view``'s size, or ``None``: it cannot, or is not ready yet."""
        if self.refused or not _suits(made, view, style):
            return None
        wanted = [each for each in map(_drawn, made) if each is not None]
        if self.mode != "gpu" and sum(map(_size, wanted)) < _WORTH:
            return None
        try:
            if self._process is None:
                self._start()
            self._hear()
            if not self.renderer or not self._all_there(wanted, style):
                return None
            return self._drawn_frame(wanted, view, style, bounds_of(made))
        except (OSError, ValueError, KeyError, queue.Empty) as error:
            self._refuse(str(error) or "it gave no answer")
            return None

    def close(self) -> None:
        """End the process and remove its folder."""
        with self._lock:
            process, self._process = self._process, None
            folder, self._folder = self._folder, None
        self.refused = self.refused or "closed"
        if process is not None:
            process.kill()
            process.wait(5)
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _refuse(self, why: str) -> None:
        self.refused = why
        self.close()

    def _start(self) -> None:
        shared = Path("/dev/shm")
        roomy = shared.is_dir() and shutil.disk_usage(shared).free > 2 << 30
        self._folder = Path(tempfile.mkdtemp(prefix="meshloom-view-", dir=shared if roomy else None))
        words = [sys.executable, "-P", "-m", "meshloom.ui.viewport.open3d_process", str(self._folder)]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=self._listen, args=(self._process,), name="hardware", daemon=True).start()
        self._ask("hello")

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                self._answers.put(json.loads(line))
        except ValueError:  # closed while being read
            pass
        self._answers.put({"id": -1, "error": "the process that draws has ended"})

    def _ask(self, what: str, **more: Any) -> int:
        process = self._process
        if process is None or process.stdin is None:
            raise OSError("closed")
        self._asked += 1
        process.stdin.write(json.dumps({"do": what, "id": self._asked, **more}) + "\n")
        process.stdin.flush()
        return self._asked

    def _hear(self) -> None:
        """Take what has been answered meanwhile."""
        while True:
            try:
                self._take(self._answers.get_nowait())
            except queue.Empty:
                return

    def _take(self, answer: dict[str, Any]) -> None:
        if "error" in answer:
            raise OSError(answer["error"])
        if "renderer" in answer:
            name = f"{answer['vendor']} {answer['renderer']}".strip() or "unknown"
            if self.mode != "gpu" and (_SOFTWARE.search(name) or answer["seconds"] > _SLOW):
                raise OSError(f"no graphics card: {name}, {1e3 * answer['seconds']:.0f} ms")
            self.renderer = name
        held = self._waiting.pop(answer["id"], None)
        if held is not None:
            held.ready = True

    def _all_there(self, wanted: list[SolidMesh | Points], style: Style) -> bool:
        """Hand over what is new, take away what is not shown; whether all has arrived."""
        now = {(id(each), _coloured(each, style)): each for each in wanted}
        for gone in [known for known in self._held if known not in now]:
            self._ask("drop", key=self._held.pop(gone).key)
        for known, each in now.items():
            if known not in self._held:
                held = _Held(each, f"t{self._asked}")
                self._held[known] = held
                self._waiting[self._give(each, style, held.key)] = held
        return all(held.ready for held in self._held.values())

    def _give(self, each: SolidMesh | Points, style: Style, key: str) -> int:
        if isinstance(each, Points):
            arrays = {"positions": each.positions, "colours": each.colours(style.points_by)}
            return self._ask("cloud", key=key, arrays=self._write(key, arrays))
        scene = each.scene
        assert scene is not None
        arrays = {"vertices": scene.vertices, "faces": scene.faces, "normals": scene.normals}
        if scene.painted == 2:
            width, height = scene.pyramid.size[0]
            texture = scene.pyramid.texels[: width * height].reshape(height, width, -1)
            arrays |= {"uv": scene.uv, "texture": texture[..., :3]}
        else:
            arrays["colours"] = scene.colours
        return self._ask("mesh", key=key, arrays=self._write(key, arrays))

    def _write(self, key: str, arrays: dict[str, NDArray[Any]]) -> dict[str, str]:
        assert self._folder is not None
        for name, held in arrays.items():
            np.save(self._folder / f"{key}_{name}.npy", held, allow_pickle=False)
        return {name: f"{key}_{name}.npy" for name in arrays}

    def _drawn_frame(
        self, wanted: list[SolidMesh | Points], view: View, style: Style, box: Bounds | None
    ) -> Frame:
        look = _lights(wanted, style)
        near, far = _reach(view, box)
        extrinsic = np.eye(4)
        extrinsic[:3, :3], extrinsic[:3, 3] = view.rotation, view.shift
        number = self._ask(
            "draw",
            show=[held.key for held in self._held.values()],
            size=list(view.size),
            focal=view.focal,
            extrinsic=extrinsic.tolist(),
            near=near,
            far=far,
            point_size=_point_size(wanted, view, style, box),
            normals=look.lit or style.shading == "normals",
        )
        answer: dict[str, Any] = {}
        while answer.get("id") != number:
            answer = self._answers.get(timeout=_DRAW)
            self._take(answer)
        assert self._folder is not None
        made = {name: np.load(self._folder / f"{name}.npy", allow_pickle=False) for name in answer["made"]}
        return _composed(made, view, look, style)


def _drawn(each: SolidMesh | Points | Stands) -> SolidMesh | Points | None:
    if isinstance(each, SolidMesh) and each.scene is None:
        return each.points
    return None if isinstance(each, Stands) else each


def _size(each: SolidMesh | Points) -> int:
    if isinstance(each, Points):
        return len(each.positions)
    return 0 if each.scene is None else len(each.scene.faces)


def _coloured(each: SolidMesh | Points, style: Style) -> str:
    return style.points_by if isinstance(each, Points) else ""


def _lights(wanted: Sequence[SolidMesh | Points], style: Style) -> Look:
    looks = [look_of(each.scene, style) for each in wanted if isinstance(each, SolidMesh) and each.scene]
    return looks[0] if looks else UNLIT


def _suits(made: Made, view: View, style: Style) -> bool:
    """Whether the visualizer can draw this as the processor would."""
    across, down = view.intrinsics[0, 0], view.intrinsics[1, 1]
    off = np.abs(view.intrinsics[:2, 2] - np.array(view.size) / 2).max()
    if style.clip is not None or style.crop is not None or abs(across / down - 1) > 0.005 or off > 1.0:
        return False
    if view.distortion is not None and np.any(view.distortion):
        return False
    looks = {look_of(each.scene, style) for each in made if isinstance(each, SolidMesh) and each.scene}
    return len(looks) <= 1 and not any(look.reflects for look in looks)


def _reach(view: View, box: Bounds | None) -> tuple[float, float]:
    """The nearest and the farthest depth that counts, with room for what lies outside the robust bounds."""
    if box is None:
        return 0.01, 100.0
    corners = np.array([[box[i][0], box[j][1], box[k][2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    depth = corners @ view.rotation[2] + view.shift[2]
    size = float(np.linalg.norm(box[1] - box[0])) or 1.0
    far = max(float(depth.max()) + 2 * size, size)
    return max(float(depth.min()) - 2 * size, far * 2e-4), far


def _point_size(wanted: list[SolidMesh | Points], view: View, style: Style, box: Bounds | None) -> float:
    """Pixels across: the visualizer draws all points alike, so as large as they are half-way into the scene."""
    radii = [each.radius for each in wanted if isinstance(each, Points)]
    if not radii or box is None:
        return 1.0
    depth = float(view.rotation[2] @ (box[0] + box[1]) / 2 + view.shift[2])
    across = 2 * max(radii) * style.point_size * view.focal / max(depth, 1e-9)
    return min(max(across, 1.5), 16.0)


def _composed(made: dict[str, NDArray[np.float32]], view: View, look: Look, style: Style) -> Frame:
    """The two layers in one depth, the meshes lit."""
    from meshloom.kernels.raycast._shade_kernel import relight

    width, height = view.size
    frame = Frame.empty(height, width)
    if "solid_colour" in made:
        frame.colour, frame.depth = made["solid_colour"], made["solid_depth"]
        frame.alpha = (frame.depth > 0).astype(np.float32)
        if "solid_normal" in made:
            normal = (made["solid_normal"] * 2 - 1) @ view.rotation.astype(np.float32).T
            relight(frame.colour, normal, frame.depth, np.float32(view.focal), look.lit, look.packed())
            frame.normal = normal @ view.rotation.astype(np.float32)
            if style.shading == "normals":
                frame.colour = (np.float32(0.5) + frame.normal * NORMAL_PAINT) * frame.alpha[..., None]
    if "cloud_colour" in made:
        depth = made["cloud_depth"]
        nearer = (depth > 0) & ((frame.depth == 0) | (depth < frame.depth))
        frame.colour[nearer], frame.depth[nearer], frame.alpha[nearer] = (
            made["cloud_colour"][nearer], depth[nearer], 1.0,
        )  # fmt: skip
        frame.normal[nearer] = 0
    return frame
