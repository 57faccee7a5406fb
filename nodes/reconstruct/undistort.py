from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Run, Slider, node
from meshloom.graph_runtime.types import Cameras, Image
from meshloom.nodes.reconstruct._undistortion import pinhole_of, resampled


class Undistorted(NamedTuple):
    """images: one photo a camera, in the cameras' order, with straight lines straight
    cameras: the same cameras without distortion
    """

    images: list[Image]
    cameras: Cameras


@node("Undistort photos", aliases=("lens correction", "rectify", "pinhole"))
def undistort(
    images: Sequence[Image],
    cameras: Cameras,
    keep: Annotated[float, Slider(0, 1)] = 0.0,
    *,
    run: Run,
) -> Undistorted:
    """Give each camera its photo as a pinhole camera would take it, and leave out photos without a camera.

    Photos and cameras are matched by name. Size and principal point stay; the focal length changes so that no
    pixel is blank (keep 0). A photo of another size than its camera says scales the camera. Bilinear, in
    the stored values; photos of cameras without distortion pass unchanged.

    images: the photos the cameras were found from, in any order, and any others
    cameras: from reconstruct.map_cameras
    keep: 0 crops to what every pixel shows; 1 keeps all that was seen, with black borders
    """
    if not len(cameras):
        raise NodeError("there are no cameras; expected one or more", hint="connect reconstruct.map_cameras")
    order = photo_of_each(images, cameras)
    chosen = [images[index] for index in order]
    cameras = cameras.scaled(np.array([(image.width, image.height) for image in chosen], np.int32))
    straight: list[Image] = []
    for index, image in enumerate(chosen):
        run.progress(index, len(chosen), f"straightening {image.name}")
        camera = cameras.select([index])
        make = partial(resampled, image, camera, keep)
        straight.append(run.remember("photo", [image, camera, keep], make, returns=Image))
    run.progress(len(chosen), len(chosen), "straightened")
    intrinsics = np.stack([pinhole_of(cameras.select([index]), keep) for index in range(len(cameras))])
    distortion = np.zeros((len(cameras), 4))
    return Undistorted(
        straight, Cameras(intrinsics, cameras.extrinsics, cameras.sizes, cameras.names, distortion)
    )


def photo_of_each(images: Sequence[Image], cameras: Cameras) -> list[int]:
    """Per camera the index of its photo, by name. Equal names go in order, if there are as many photos."""
    photos: dict[str, list[int]] = defaultdict(list)
    for index, image in enumerate(images):
        photos[image.name].append(index)
    missing = [name for name in cameras.names if name not in photos]
    if missing:
        given = ", ".join(list(photos)[:3]) or "none"
        raise NodeError(
            f"{len(missing)} of {len(cameras)} cameras have no photo: {', '.join(missing[:3])}; "
            f"the photos given are {given}",
            hint="connect the same photos that the cameras were found from",
        )
    asked: dict[str, int] = defaultdict(int)
    order = []
    for name in cameras.names:
        if len(photos[name]) != cameras.names.count(name):
            raise NodeError(
                f"{len(photos[name])} photos and {cameras.names.count(name)} cameras are named {name!r}, "
                "so that it is open which belongs to which",
                hint="give every photo a name of its own; photo.load_files does",
            )
        order.append(photos[name][asked[name]])
        asked[name] += 1
    return order
