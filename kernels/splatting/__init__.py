"""3D Gaussian splatting: drawing, gradients, training. Arrays in, arrays out.

Implementations of one interface (``render(gaussians, camera, settings)`` to a ``Frame``, ``backward(frame, ...)``
to ``Gradients``): ``cpu`` is our own for processors (:mod:`.cpu`); :mod:`.tiled_torch` is vectorised torch, for any
device and as the measure of speed; :mod:`.reference` is plain torch, which both are checked against.

Sources: Kerbl et al., "3D Gaussian Splatting for Real-Time Radiance Field Rendering", 2023; Zwicker et al., "EWA
Volume Splatting", 2001; Yu et al., "Mip-Splatting", 2024 (the antialiased mode); Kheradmand et al., "3D Gaussian
Splatting as Markov Chain Monte Carlo", 2024.
"""
