"""Which way is up: our world and those of other formats.

Inside Meshloom the world is right-handed with y down, as in OpenCV (x right, y down, z away). Formats differ;
each is converted once, here, when a file is read or written. All of these are rotations: handedness, winding
and lengths stay.

* glTF, GLB, OBJ: +Y up, +Z towards the viewer: ``(x, -y, -z)``
* STL, nerfstudio's ``transforms.json``: +Z up: ``(x, z, -y)``
* PLY, XYZ, COLMAP: as it is, which is the custom of COLMAP and of Gaussian splatting
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Our world to +Y up, and back.
Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
#: Our world to +Z up. Its inverse is its transpose.
Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def to_y_up(vectors: NDArray[Any]) -> NDArray[Any]:
    """(N, 3) positions or directions of our world, in a +Y up world. Exact; its own inverse."""
    return np.stack([vectors[:, 0], -vectors[:, 1], -vectors[:, 2]], axis=1)


from_y_up = to_y_up


def to_z_up(vectors: NDArray[Any]) -> NDArray[Any]:
    """(N, 3) positions or directions of our world, in a +Z up world. Exact."""
    return np.stack([vectors[:, 0], vectors[:, 2], -vectors[:, 1]], axis=1)


def from_z_up(vectors: NDArray[Any]) -> NDArray[Any]:
    """The inverse of :func:`to_z_up`."""
    return np.stack([vectors[:, 0], -vectors[:, 2], vectors[:, 1]], axis=1)
