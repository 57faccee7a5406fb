"""Make the sample photographs and their ground truth, from nothing but this code.

    python presets/samples/make_sample.py                # the whole set, as it is in the repository
    python presets/samples/make_sample.py --only 1,14 --samples 4 --out /tmp/look    # a quick look

The same seeds give the same pictures. See README.md beside this file for what they are.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from _make import files, lens, light, photo, truth  # noqa: E402
from _make import scene as scenes  # noqa: E402

SEED_ROOM, SEED_LIGHT, SEED_WALK, SEED_SENSOR = 7, 3, 5, 1000
#: Linear value that the owl's mean brightness is exposed to.
OWL_GREY = 0.185


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=HERE / "figurine", help="folder to write to")
    parser.add_argument("--only", default="", help="numbers of the photos to take, from 1; default: all")
    parser.add_argument("--samples", type=int, default=16, help="rays a pixel")
    parser.add_argument("--quality", type=int, default=81, help="JPEG quality")
    parser.add_argument("--step", type=float, default=0.0011, help="size of the owl's triangles, metres")
    parser.add_argument("--png", action="store_true", help="also write each photo as PNG")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    started = time.process_time()

    def say(text: str) -> None:
        print(f"{time.process_time() - started:7.1f} CPU-s  {text}", flush=True)

    scene = scenes.build(args.step, SEED_ROOM)
    say(f"scene: {len(scene.faces)} triangles, of which the owl {scene.owl_faces}")
    albedo = scenes.vertex_colours(scene.paint, scene.faces, scene.material, scene.seed, len(scene.vertices))
    say("painted")
    irradiance, share = light.bake(scene, albedo, SEED_LIGHT)
    say("lit")
    owl = slice(0, scene.owl_vertices)
    gain = OWL_GREY / float((albedo[owl] * irradiance[owl]).mean() / 3.14159265)
    shots = lens.shots(SEED_WALK)
    wanted = {int(n) for n in args.only.split(",")} if args.only else set(range(1, len(shots) + 1))
    for folder in ("photos", "heldout"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    if not args.only:
        truth.write(args.out / "truth", scene, albedo, shots)
        say("truth written")
    total = 0
    for number, shot in enumerate(shots, start=1):
        if number not in wanted:
            continue
        linear = photo.expose(scene, irradiance, share, shot, args.samples, SEED_SENSOR + number)
        pixels = photo.develop(linear, shot.stops, gain, SEED_SENSOR + 500 + number)
        path = args.out / ("heldout" if shot.held_out else "photos") / shot.name
        files.save_jpeg(path, pixels, shot, number, args.quality)
        if args.png:
            from PIL import Image

            Image.fromarray(pixels).save(path.with_suffix(".png"))
        total += path.stat().st_size
        say(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")
    say(f"{total / 1e6:.2f} MB of photographs in {args.out}")


if __name__ == "__main__":
    main()
