"""Golden samples: pictures with the scores that every variant must give wherever it runs.

The scores go the agent's way: sharp's resize (resize.mjs) and onnxruntime on the CPU. Of many drawn candidates the
steadiest are taken: those whose scores change least, over all variants, when the graph runs without onnxruntime's
optimizations (INT8 then in floating point between its roundings) and when one pixel in fifty changes by one grey level.
The latter stands for another processor: INT8 sums are exact everywhere (weights of 7 bits cannot saturate), but a value
halfway between two steps may be rounded the other way, which moves a few activations by one step. The tolerance has to
lie well above that and far below what a wrong channel order, scaling or file does.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..data.resize import resize_for
from ..evaluation.figures import softmax
from ..recipe import Recipe
from .drawings import draw_candidates
from .session import open_session, run_session

TOLERANCE = 0.02
SHARE = 0.02


def _scores(
    path: Path, images: np.ndarray, temperature: float, optimized: bool = True
) -> np.ndarray:
    logits, _ = run_session(open_session(path, 1, optimized), images, batch=1)
    return softmax(logits, temperature)


def wobble(
    path: Path, images: np.ndarray, temperature: float, scores: np.ndarray
) -> np.ndarray:
    """Greatest change of a score of each picture, by other kernels or few pixels one level off: float [n]."""
    rng = np.random.default_rng(0)
    step = rng.choice([-1, 1], images.shape) * (rng.uniform(size=images.shape) < SHARE)
    noisy = np.clip(images.astype(np.int16) + step, 0, 255).astype(np.uint8)
    others = (
        _scores(path, images, temperature, optimized=False),
        _scores(path, noisy, temperature),
    )
    return np.max([np.abs(other - scores).max(axis=1) for other in others], axis=0)


def choose(predicted: np.ndarray, unsteady: np.ndarray, count: int) -> list[int]:
    """The steadiest picture of each predicted label in turn, then the second steadiest, until there are `count`."""
    order = np.argsort(unsteady, kind="stable")
    rank = {
        int(i): int((predicted[order[:k]] == predicted[i]).sum())
        for k, i in enumerate(order)
    }
    return sorted(sorted(rank, key=lambda i: (rank[i], unsteady[i]))[:count])


def make_golden(
    recipe: Recipe, files: dict[str, Path], temperatures: dict[str, float], out: Path
) -> dict[str, Any]:
    """Writes `out`/*.png; gives {"samples": [{"file", "scores"}], "tolerance", "wobble"} for the variants' files."""
    how = recipe.golden
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "golden"
        draw_candidates(how["drawn"], drawn)
        names, images, _ = resize_for(recipe, Path(folder))
        scores = {
            name: _scores(path, images, temperatures[name])
            for name, path in files.items()
        }
        unsteady = np.max(
            [
                wobble(path, images, temperatures[name], scores[name])
                for name, path in files.items()
            ],
            axis=0,
        )
        first = next(iter(scores.values()))
        chosen = choose(first.argmax(axis=1), unsteady, how.get("count", 6))
        out.mkdir(parents=True)
        for i in chosen:
            shutil.copyfile(Path(folder) / names[i], out / Path(names[i]).name)
    greatest, tolerance = float(unsteady[chosen].max()), how.get("tolerance", TOLERANCE)
    print(
        f"{len(chosen)} golden samples; their scores wobble by {greatest:.4f} at most, tolerance {tolerance}"
    )
    if greatest > tolerance / 2:
        raise SystemExit(
            "no candidates are steady enough for the tolerance: draw others or raise golden.tolerance"
        )
    samples = [
        {
            "file": names[i],
            "scores": {
                name: [round(float(v), 5) for v in s[i]] for name, s in scores.items()
            },
        }
        for i in chosen
    ]
    return {"samples": samples, "tolerance": tolerance, "wobble": greatest}
