"""Small pictures drawn here from fixed seeds, so that a package carries nobody's photographs.

They need not look like the real thing: a golden sample only has to give the same scores wherever the model runs.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from ..recipe import ROOT

SEED = 77
CANDIDATES = 24


def _clouds(rng: np.random.Generator, size: int, cell: int) -> np.ndarray:
    """Smooth random grey levels about 0: float64 [size, size]."""
    coarse = rng.normal(size=(size // cell + 2, size // cell + 2))
    picture = Image.fromarray((coarse * 40 + 128).clip(0, 255).astype(np.uint8))
    wide = picture.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(wide, np.float64) - 128


def texture(index: int, size: int = 200) -> Image.Image:
    """A grey surface as of rolled steel: shading, grain and one of six kinds of marks."""
    rng = np.random.default_rng((SEED, index))
    grey = (
        rng.uniform(90, 160)
        + 0.4 * _clouds(rng, size, 80)
        + 0.2 * _clouds(rng, size, 6)
    )
    grey += rng.normal(size=(size, size)) * 4
    marks = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(marks)
    kind = index % 6
    for _ in range((30, 3, 5, 60, 12, 4)[kind]):
        x, y = rng.uniform(0, size, 2)
        if kind == 0:  # a net of short cracks
            draw.line(
                [x, y, x + rng.normal() * 20, y + rng.normal() * 20], fill=90, width=1
            )
        elif kind == 1:  # long dark strips along the rolling direction
            draw.line([x, y - 70, x + rng.normal() * 4, y + 70], fill=200, width=4)
        elif kind == 2:  # large blotches
            draw.ellipse([x - 30, y - 18, x + 30, y + 18], fill=160)
        elif kind == 3:  # pits
            draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=180)
        elif kind == 4:  # scale pressed in
            draw.ellipse([x - 9, y - 4, x + 9, y + 4], fill=120)
        else:  # bright scratches
            draw.line([x, y, x + 90, y + rng.normal() * 60], fill=220, width=2)
    sign = 1 if kind == 5 else -1
    soft = np.asarray(marks.filter(ImageFilter.GaussianBlur(0.8)), np.float64)
    return Image.fromarray((grey + sign * 0.5 * soft).clip(0, 255).astype(np.uint8))


def shape(index: int, size: int = 32) -> Image.Image:
    """A coloured shape before a coloured gradient."""
    rng = np.random.default_rng((SEED, index))
    top, bottom, paint = rng.integers(0, 256, (3, 3))
    ramp = np.linspace(0, 1, size)[:, None, None]
    ground = np.repeat(top * (1 - ramp) + bottom * ramp, size, axis=1)
    picture = Image.fromarray(ground.astype(np.uint8)).resize((size * 4, size * 4))
    draw = ImageDraw.Draw(picture)
    x0, y0 = rng.uniform(0.05, 0.35, 2) * size * 4
    x1, y1 = rng.uniform(0.6, 0.95, 2) * size * 4
    fill = tuple(int(v) for v in paint)
    if index % 3 == 0:
        draw.ellipse([x0, y0, x1, y1], fill=fill)
    elif index % 3 == 1:
        draw.rectangle([x0, (y0 + y1) / 2, x1, y1], fill=fill)
        draw.rectangle([x0 + 15, y0, x1 - 15, (y0 + y1) / 2], fill=fill)
    else:
        draw.polygon([x0, y1, (x0 + x1) / 2, y0, x1, y1], fill=fill)
    return picture.resize((size, size), Image.Resampling.BOX)


def _tiles(out: Path) -> None:
    """Frames of the simulated camera, some of each class."""
    with tempfile.TemporaryDirectory() as folder:
        script = str(ROOT / "scripts" / "render-tiles.ts")
        options = [
            "--out",
            folder,
            "--count",
            "4",
            "--seed",
            str(SEED),
            "--format",
            "png",
        ]
        subprocess.run(
            ["node", "--import", "tsx", script, *options],
            check=True,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        for path in Path(folder).glob("*/*.png"):
            (out / f"{path.parent.name}-{path.stem[-1]}.png").write_bytes(
                path.read_bytes()
            )


def draw_candidates(kind: str, out: Path) -> None:
    """Writes PNG files to `out`: `tiles` of the renderer, `textures` of steel, or coloured `shapes`."""
    out.mkdir(parents=True)
    if kind == "tiles":
        return _tiles(out)
    draw = {"textures": texture, "shapes": shape}[kind]
    for index in range(CANDIDATES):
        draw(index).save(out / f"{kind[:-1]}-{index:02d}.png", optimize=True)
