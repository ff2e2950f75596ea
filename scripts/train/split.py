"""Step 2: splits by groups of near-duplicates, reports the balance and writes the validation images as class folders.

python split.py RECIPE [--data FOLDER] [--out DIR]

Two images belong to one group where their thumbnails correlate above the recipe's limit or where their numbers in the
file name ("..._num_123.jpg") are neighbours: the same tile was photographed under several exposures in a row. Whole
groups go to one fold; the fold named by the recipe is the validation split. Writes runs/NAME/split.json.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path

import numpy as np

from recipe import Recipe, load_recipe, source_folder


def correlations(thumbnails: np.ndarray) -> np.ndarray:
    """Pearson correlation of every pair: uint8 [n, h, w] -> float32 [n, n]."""
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat @ flat.T


def group_ids(
    names: np.ndarray, pairs: np.ndarray, correlation: float, gap: int
) -> np.ndarray:
    """Union-find over near-duplicates: int64 [n], equal numbers stay together.

    `gap` is the greatest distance of neighbouring frame numbers; 0 ignores the names.
    """
    parent = list(range(len(names)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in np.argwhere(np.triu(pairs, 1) > correlation):
        parent[root(a)] = root(b)
    if gap > 0:
        found = [re.search(r"num_(\d+)", name) for name in names]
        numbered = sorted((int(m[1]), i) for i, m in enumerate(found) if m)
        for (low, a), (high, b) in zip(numbered, numbered[1:]):
            if high - low <= gap:
                parent[root(a)] = root(b)
    return np.array([root(i) for i in range(len(names))], np.int64)


def assign_folds(
    labels: np.ndarray, groups: np.ndarray, classes: int, folds: int, seed: int
) -> np.ndarray:
    """Whole groups to folds, evenly in images and in groups of each class: int64 [n].

    Greedy: the groups with the rarest classes first, each to the fold where it disturbs the shares least.
    """
    ids = np.unique(groups)
    counts = np.stack(
        [np.bincount(labels[groups == g], minlength=classes) for g in ids]
    )
    shares = np.concatenate(
        [
            counts / np.maximum(counts.sum(axis=0), 1),
            (counts > 0) / np.maximum((counts > 0).sum(axis=0), 1),
        ],
        axis=1,
    )
    order = np.random.default_rng(seed).permutation(len(ids))
    order = order[np.argsort(-shares[order].max(axis=1), kind="stable")]
    held = np.zeros((folds, shares.shape[1]))
    fold_of = np.zeros(len(ids), np.int64)
    for g in order:
        cost = [((held[f] + shares[g]) ** 2 - held[f] ** 2).sum() for f in range(folds)]
        best = int(np.argmin(cost))
        held[best] += shares[g]
        fold_of[g] = best
    return fold_of[np.searchsorted(ids, groups)]


def report(recipe: Recipe, arrays: dict[str, np.ndarray], split: dict) -> str:
    """The balance of the split as text: images and groups of each class, closest pair across the border."""
    labels, groups = arrays["labels"], np.array(split["groups"])
    folds = np.array(split["folds"])
    valid = folds == split["validation"]
    lines = [f"{'class':10} {'train':>12} {'validation':>12}   images (groups)"]
    for i, label in enumerate(recipe.labels):
        cells = []
        for part in (~valid, valid):
            chosen = part & (labels == i)
            cells.append(f"{chosen.sum()} ({len(np.unique(groups[chosen]))})")
        lines.append(f"{label:10} {cells[0]:>12} {cells[1]:>12}")
    lines.append(f"{'all':10} {(~valid).sum():>12} {valid.sum():>12}")
    per_fold = [int((folds == f).sum()) for f in range(folds.max() + 1)]
    lines.append(f"groups {len(np.unique(groups))}, images a fold {per_fold}")
    shared = np.intersect1d(groups[valid], groups[~valid])
    closest = float(correlations(arrays["thumbnails"])[valid][:, ~valid].max())
    lines.append(f"groups on both sides: {len(shared)}")
    lines.append(f"closest pair across the border: correlation {closest:.4f}")
    if len(shared) or closest > recipe.split.get("correlation", 1.01):
        raise SystemExit("\n".join([*lines, "the split leaks near-duplicates"]))
    return "\n".join(lines)


def write_folders(names: list[str], source: Path, out: Path) -> None:
    """Copies "class/file" images into class folders below `out`, which must not hold files yet."""
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} is not empty")
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, out / name)
    print(f"{len(names)} validation images in {out}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument(
        "--data", help="folder of class folders (default: the recipe's)"
    )
    parser.add_argument("--out", help="write the validation images there")
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    path = recipe.run_folder / "arrays.npz"
    if not path.exists():
        raise SystemExit(f"{path} is missing: run prepare.py {arguments.recipe} first")
    arrays = dict(np.load(path))
    how = recipe.split
    if "side" in arrays:
        # Rendered frames: the seeds keep the sides apart, each frame is its own group.
        folds, groups = arrays["side"], np.arange(len(arrays["side"]))
    else:
        pairs = correlations(arrays["thumbnails"])
        groups = group_ids(arrays["names"], pairs, how["correlation"], how["gap"])
        folds = assign_folds(
            arrays["labels"], groups, len(recipe.labels), how["folds"], how["seed"]
        )
    validation = how.get("validation", 1)
    split = {
        "validation": validation,
        "names": arrays["names"].tolist(),
        "groups": groups.tolist(),
        "folds": folds.tolist(),
    }
    text = report(recipe, arrays, split)
    print(text)
    (recipe.run_folder / "split.json").write_text(json.dumps(split), encoding="utf-8")
    (recipe.run_folder / "split.txt").write_text(text + "\n", encoding="utf-8")
    if arguments.out:
        names = arrays["names"][folds == validation].tolist()
        source = source_folder(recipe, arguments.data)
        write_folders(names, source, Path(arguments.out))


if __name__ == "__main__":
    main()
