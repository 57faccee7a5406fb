"""Speed over length as an SVG, with nothing but the standard library: for machines where nothing is installed."""

from __future__ import annotations

import math
from html import escape

from meshloom.kernels.attention.bench import Result, Row, SpecResult
from meshloom.kernels.attention.spec import AttnSpec

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 900, 420, 70, 210, 46, 52
#: Of curves, told apart also without colour vision (Okabe and Ito, 2008).
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#444444", "#b8a900")


def svg_of(result: Result) -> str:
    """A panel for each head dimension, dtype and kind of mask: TFLOP/s of every kernel over the length.

    Whiskers are the 95 % intervals; the dashed line is what a large matrix product reaches.
    """
    panels: dict[str, list[SpecResult]] = {}
    for held in result.specs:
        spec = AttnSpec.parse(held.spec)
        more = (", causal" if spec.causal else "") + (
            "" if spec.mask.value == "none" else f", {spec.mask.value}"
        )
        panels.setdefault(f"B{spec.b} H{spec.hq} D{spec.d} {spec.dtype}{more}", []).append(held)
    told = result.conditions
    said = f"{told['device']}, torch {told['versions']['torch']}, {told['when']}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT * len(panels) + 24}"'
        ' font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for index, (title, specs) in enumerate(panels.items()):
        parts.append(f'<g transform="translate(0 {HEIGHT * index})">{_panel(title, specs)}</g>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT * len(panels) + 8}" fill="#666">{escape(said)}</text></svg>')
    return "\n".join(parts) + "\n"


def _panel(title: str, specs: list[SpecResult]) -> str:
    curves: dict[str, list[tuple[SpecResult, Row]]] = {}
    for held in sorted(specs, key=lambda held: held.length):
        for row in held.rows:
            if row.status == "ok":
                curves.setdefault(row.kernel, []).append((held, row))
    lengths = sorted({held.length for held in specs})
    ceilings = [(held.length, held.gemm_tflops) for held in specs if math.isfinite(held.gemm_tflops)]
    most = max(
        [row.tflops for pairs in curves.values() for _, row in pairs]
        + [held for _, held in ceilings]
        + [1e-9]
    )
    least, span = math.log2(lengths[0]), max(1e-9, math.log2(lengths[-1]) - math.log2(lengths[0]))

    def x(length: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (
            (math.log2(length) - least) / span if len(lengths) > 1 else 0.5
        )

    def y(tflops: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * tflops / (1.05 * most)

    parts = [f'<text x="{LEFT}" y="24" font-size="16">{escape(title)}</text>']
    for step in range(5):
        value = most * step / 4
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for length in lengths:
        place = f"{x(length):.1f} {HEIGHT - BOTTOM + 16}"
        parts.append(f'<text transform="translate({place}) rotate(30)" font-size="11">{length}</text>')
    parts.append(
        f'<text transform="translate(18 {HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">TFLOP/s</text>'
    )
    if ceilings:
        points = " ".join(f"{x(length):.1f},{y(held):.1f}" for length, held in sorted(ceilings))
        parts.append(f'<polyline points="{points}" fill="none" stroke="#999" stroke-dasharray="6 4"/>')
    names = [("matrix product", "#999")] if ceilings else []
    for index, (name, pairs) in enumerate(curves.items()):
        colour = COLOURS[index % len(COLOURS)]
        names.append((name, colour))
        points = " ".join(f"{x(held.length):.1f},{y(row.tflops):.1f}" for held, row in pairs)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for held, row in pairs:
            at, flop = x(held.length), row.tflops * row.ms
            ends = [y(flop / ms) for ms in (row.ms_high, row.ms_low) if 0 < ms < math.inf]
            if len(ends) == 2:
                parts.append(
                    f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{ends[0]:.1f}" y2="{ends[1]:.1f}" stroke="{colour}"/>'
                )
            parts.append(f'<circle cx="{at:.1f}" cy="{y(row.tflops):.1f}" r="3.5" fill="{colour}"/>')
    for index, (name, colour) in enumerate(names):
        place = f'x="{WIDTH - RIGHT + 14}" y="{TOP + 18 * index}"'
        parts.append(f'<text {place} fill="{colour}">{escape(name)}</text>')
    return "\n".join(parts)
