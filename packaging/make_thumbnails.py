"""Makes presets/thumbnails/*.png: each preset is run, and one of its pictures made small.

    .venv/bin/python packaging/make_thumbnails.py [PRESET ...]

Equal results give equal files. Run it again when a preset, or what it shows, has changed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps

PRESETS = Path(__file__).resolve().parent.parent / "presets"
SIZE = (480, 360)
#: Larger ones are saved with 256 colours.
MOST_BYTES = 300_000

#: Which file of the output folder shows a preset best; ``preview.png`` where nothing is said.
PICTURES = {
    "attention_ab_pipeline": "comparison-picture.png",
    "attention_ab_shapes": "comparison-picture.png",
    "cutout_and_compare": "sheet.png",
    "flythrough_video": "still.png",
    "image_edit_sweep": "sheet-captioned.png",
    "photos_to_splats": "sheet.png",
    "splat_cleanup": "sheet.png",
    "sweep_demo": "sheet-captioned.png",
}
#: Further words for the run.
WORDS = {
    "image_edit_sweep": ("--sweep", "edited.seed=0,1,2", "--sweep", "edited.guidance=1,4"),
    "sweep_demo": ("--sweep", "denoised.patch=3,7", "--sweep", "denoised.strength=0,1,2"),
}


def make(name: str) -> Path:
    """Run the preset and write its thumbnail; the path of it."""
    with tempfile.TemporaryDirectory() as folder:
        command = Path(sys.executable).with_name("meshloom")
        subprocess.run([command, "run", name, "-o", folder, "--no-report", *WORDS.get(name, ())], check=True)
        with Image.open(Path(folder) / PICTURES.get(name, "preview.png")) as picture:
            whole = picture.convert("RGB")
            margin = whole.getpixel((0, 0))
            small = ImageOps.pad(whole, SIZE, Image.Resampling.LANCZOS, margin)
    path = PRESETS / "thumbnails" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    small.save(path, optimize=True)
    if path.stat().st_size >= MOST_BYTES:
        small.quantize(256, Image.Quantize.MEDIANCUT).save(path, optimize=True)
    return path


if __name__ == "__main__":
    for chosen in sys.argv[1:] or sorted(found.stem for found in PRESETS.glob("*.json")):
        made = make(chosen)
        print(f"{made.relative_to(PRESETS.parent)}  {made.stat().st_size >> 10} kB")
