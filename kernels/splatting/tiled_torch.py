"""A tile rasteriser of vectorised torch operations: any device, gradients by autograd.

As good as torch's operations allow, as the measure for the kernels of our own: ellipses are cut with rows of tiles
exactly, tiles of similar length are blended together in batches that fit the cache, transmittance is a sum of
logarithms (the gradient of ``cumprod`` is several times slower), and each batch is recomputed for its gradient, so
that memory does not grow with the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from meshloom.kernels.splatting.arrays import LEAST_ALPHA, LEAST_LIGHT, MOST_ALPHA, Camera, Settings
from meshloom.kernels.splatting.reference import Drawn, Projected, project

#: Ellipse-pixel pairs of one batch. Larger ones leave the cache, smaller ones are all overhead.
BATCH = 1 << 19


def render(
    means: Tensor,
    quaternions: Tensor,
    scales: Tensor,
    opacities: Tensor,
    sh: Tensor,
    camera: Camera,
    settings: Settings,
    tile: int = 8,
    recompute: bool = False,
    pose: tuple[Tensor, Tensor] | None = None,
) -> Drawn:
    """Draw Gaussians (see ``arrays.Gaussians``). ``recompute``: less memory, more time in the backward pass.

    Depth and normals are drawn only with ``settings.geometry``; else they are empty. ``pose``: rotation and shift of
    the camera as tensors, for gradients by them.
    """
    like = {"dtype": means.dtype, "device": means.device}
    if pose is None:
        pose = torch.as_tensor(camera.rotation, **like), torch.as_tensor(camera.shift, **like)
    rotation, shift = pose
    lens, size = (camera.fx, camera.fy, camera.cx, camera.cy), (camera.width, camera.height)
    drawn = project(means, quaternions, scales, opacities, sh, rotation, shift, lens, size, settings)
    across, down = -(-camera.width // tile), -(-camera.height // tile)
    with torch.no_grad():
        who, starts = _lists(drawn, across, down, tile)
    lengths = starts[1:] - starts[:-1]
    order = torch.argsort(lengths, descending=True)
    order = order[: int((lengths > 0).sum())]
    features = [drawn.colours]
    if settings.geometry:
        features += [drawn.depths[:, None], drawn.normals]
    table = torch.cat([drawn.centres, drawn.conics, drawn.opacities[:, None], *features], 1)
    channels = table.shape[1] - 6
    picture = torch.zeros(across * down, tile * tile, channels, **like)
    left = torch.ones(across * down, tile * tile, **like)
    middle = torch.zeros(across * down, tile * tile, **like)
    place = torch.arange(tile * tile, device=means.device)
    inside = torch.stack([place % tile, place // tile], 1).to(means.dtype) + 0.5
    pieces, lights, medians, tiles = [], [], [], []
    longest = lengths[order].tolist()
    begin = 0
    while begin < len(longest):
        end = begin + max(1, BATCH // (longest[begin] * tile * tile))
        some = order[begin:end]
        at = starts[some][:, None] + torch.arange(longest[begin], device=means.device)
        there = at < starts[some + 1][:, None]
        rows = who[at.clamp_max(len(who) - 1)]
        corner = torch.stack([some % across, some // across], 1).to(means.dtype) * tile
        pixels = corner[:, None] + inside
        if recompute and torch.is_grad_enabled():
            piece, light, median = checkpoint(_blend, table, rows, there, pixels, use_reentrant=False)
        else:
            piece, light, median = _blend(table, rows, there, pixels)
        pieces.append(piece)
        lights.append(light)
        medians.append(median)
        tiles.append(some)
        begin = end
    if pieces:
        at = torch.cat(tiles)
        picture = picture.index_copy(0, at, torch.cat(pieces))
        left = left.index_copy(0, at, torch.cat(lights))
        if settings.geometry:
            middle = middle.index_copy(0, at, torch.cat(medians))
    whole = _untiled(picture, across, down, tile)[:, : camera.height, : camera.width]
    shares = _untiled(left[..., None], across, down, tile)[0, : camera.height, : camera.width]
    halves = _untiled(middle[..., None], across, down, tile)[0, : camera.height, : camera.width]
    seen = torch.bincount(who, minlength=len(means)) > 0
    return Drawn(whole[:3], shares, whole[3:4].squeeze(0), whole[4:7], halves, drawn.centres, seen)


def _untiled(values: Tensor, across: int, down: int, tile: int) -> Tensor:
    """(tiles, pixels, channels) -> (channels, H, W)."""
    grid = values.reshape(down, across, tile, tile, -1)
    return grid.permute(4, 0, 2, 1, 3).reshape(-1, down * tile, across * tile)


def _blend(table: Tensor, rows: Tensor, there: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """``rows`` (T, L) of ``table``, nearest first, at ``pixels`` (T, P, 2).

    Returns (T, P, channels), the light left (T, P), and the depth (channel 3, if any) where half of it is gone.
    """
    own = table[rows]
    offset = pixels[:, None] - own[:, :, None, :2]
    dx, dy = offset[..., 0], offset[..., 1]
    a, b, c, opacity = own[:, :, 2:6, None].unbind(2)
    raw = opacity * torch.exp(-(0.5 * (a * dx * dx + c * dy * dy) + b * dx * dy))
    counts = (raw >= LEAST_ALPHA) & there[..., None]
    alpha = torch.where(counts, raw.clamp_max(MOST_ALPHA), 0.0)
    logs = torch.log1p(-alpha)
    sums = torch.cumsum(logs, 1)
    before = torch.exp(sums - logs)
    weight = torch.where(before >= LEAST_LIGHT, alpha * before, 0.0)
    picture = torch.matmul(weight.transpose(1, 2), own[:, :, 6:])
    left = 1 - weight.sum(1)
    if own.shape[2] < 10:
        return picture, left, left
    with torch.no_grad():
        crosses = (before >= 0.5) & (before - weight < 0.5)
        median = (crosses * own[:, :, 9, None]).sum(1)
    return picture, left, median


def _lists(drawn: Projected, across: int, down: int, tile: int) -> tuple[Tensor, Tensor]:
    """``who`` (M,): Gaussians of all tiles, nearest first within each; ``starts`` (tiles + 1,)."""
    limit = torch.log(drawn.opacities.clamp_min(LEAST_ALPHA) / LEAST_ALPHA)
    reach_x = (2 * limit * drawn.covariances[:, 0]).sqrt()
    reach_y = (2 * limit * drawn.covariances[:, 2]).sqrt()
    mx, my = drawn.centres.unbind(1)
    top = ((my - reach_y - 0.5).ceil().clamp(0, down * tile) / tile).floor()
    bottom = (((my + reach_y - 0.5).floor().clamp(-1, down * tile - 1)) / tile).floor() + 1
    rows = ((bottom - top).clamp_min(0) * drawn.visible).long()
    rows[~torch.isfinite(mx + my + reach_x + reach_y)] = 0
    which = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), rows)
    row = top.long()[which] + _counted(rows)
    a, b, c = drawn.conics[which].unbind(1)
    mx, my, wide, high = mx[which], my[which], reach_x[which], reach_y[which]
    upper = torch.maximum(row * tile + 0.5 - my, -high)
    lower = torch.minimum(row * tile + tile - 0.5 - my, high)
    twice = 2 * limit[which] * a
    turn = -b / c * wide

    def edge(at: Tensor, side: float) -> Tensor:
        dy = torch.minimum(torch.maximum(at, upper), lower)
        return (-b * dy + side * ((b * b - a * c) * dy * dy + twice).clamp_min(0).sqrt()) / a

    first = ((mx + edge(-turn, -1.0) - 0.502).ceil().clamp(0, across * tile) / tile).floor().long()
    end = ((mx + edge(turn, 1.0) - 0.498).floor().clamp(-1, across * tile - 1) / tile).floor().long() + 1
    wide_in_tiles = (end - first).clamp_min(0)
    pair = torch.repeat_interleave(torch.arange(len(which), device=rows.device), wide_in_tiles)
    tiles = row[pair] * across + first[pair] + _counted(wide_in_tiles)
    rank = torch.empty(len(rows), dtype=torch.long, device=rows.device)
    rank[torch.argsort(drawn.depths, stable=True)] = torch.arange(len(rows), device=rows.device)
    who = which[pair]
    order = torch.argsort(tiles * len(rows) + rank[who])
    starts = torch.zeros(across * down + 1, dtype=torch.long, device=rows.device)
    starts[1:] = torch.cumsum(torch.bincount(tiles, minlength=across * down), 0)
    return who[order], starts


def _counted(lengths: Tensor) -> Tensor:
    """0, 1, ... lengths[0] - 1, 0, 1, ... lengths[1] - 1, ..."""
    ends = torch.cumsum(lengths, 0)
    total = int(ends[-1]) if len(ends) else 0
    return torch.arange(total, device=lengths.device) - torch.repeat_interleave(ends - lengths, lengths)
