"""Which pictures are for validation, the balance of both sides, and the check that they share nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..recipe import Recipe
from .groups import assign_folds, closest, group_ids, near_pairs
from .sources import TEST


@dataclass(frozen=True)
class Split:
    """Groups and folds of all pictures."""

    groups: np.ndarray  # int64 [n]
    folds: np.ndarray  # int64 [n]
    validation: np.ndarray  # bool [n]


def make_split(
    recipe: Recipe,
    names: list[str],
    labels: np.ndarray,
    sides: np.ndarray,
    rows: np.ndarray,
) -> Split:
    """Grouped folds, or the sides that the source gives (then each picture is its own group)."""
    how = recipe.split
    if (sides == TEST).any():
        return Split(np.arange(len(names)), sides, sides == TEST)
    groups = group_ids(names, rows, how["correlation"], how.get("gap", 0))
    folds = assign_folds(labels, groups, len(recipe.labels), how["folds"], how["seed"])
    return Split(groups, folds, folds == how["validation"])


def balance(recipe: Recipe, labels: np.ndarray, split: Split) -> list[dict[str, Any]]:
    """Images and groups of each class on both sides."""
    rows = []
    for i, label in enumerate(recipe.labels):
        row: dict[str, Any] = {"label": label}
        for side, part in (
            ("train", ~split.validation),
            ("validation", split.validation),
        ):
            chosen = part & (labels == i)
            groups = len(np.unique(split.groups[chosen]))
            row[side] = {"images": int(chosen.sum()), "groups": groups}
        rows.append(row)
    return rows


def leaks(recipe: Recipe, split: Split, rows: np.ndarray) -> dict[str, Any]:
    """Groups on both sides, the closest pair across the border, and validation pictures with a near-duplicate.

    `leaks` is true where a grouped split is not clean. A fixed split is only reported: its maker drew it.
    """
    held, rest = rows[split.validation], rows[~split.validation]
    shared = np.intersect1d(
        split.groups[split.validation], split.groups[~split.validation]
    )
    nearest = closest(held, rest)
    limit = recipe.split.get("correlation")
    near = (
        None if limit is None else len({a for a, _, _ in near_pairs(held, rest, limit)})
    )
    grouped = "folds" in recipe.split
    return {
        "groupsOnBothSides": len(shared),
        "closestCorrelation": round(nearest, 4),
        "validationImagesWithNearDuplicate": near,
        "limit": limit,
        "leaks": grouped and (len(shared) > 0 or bool(near)),
    }


def describe_split(
    recipe: Recipe, table: list[dict[str, Any]], split: Split, leak: dict[str, Any]
) -> str:
    """The balance and the leak check as text."""
    wide = max(len(label) for label in [*recipe.labels, "class"])
    lines = [f"{'class':{wide}} {'train':>14} {'validation':>14}   images (groups)"]
    for row in table:
        cells = [
            f"{row[s]['images']} ({row[s]['groups']})" for s in ("train", "validation")
        ]
        lines.append(f"{row['label']:{wide}} {cells[0]:>14} {cells[1]:>14}")
    valid = split.validation
    lines.append(f"{'all':{wide}} {(~valid).sum():>14} {valid.sum():>14}")
    sizes = [
        sum(row["train"]["images"] for row in table if row["label"] == label)
        for label in recipe.labels
    ]
    lines.append(
        f"largest class over smallest, training side: {max(sizes) / max(min(sizes), 1):.1f}"
    )
    per_fold = [int((split.folds == f).sum()) for f in range(split.folds.max() + 1)]
    lines.append(f"groups {len(np.unique(split.groups))}, images a fold {per_fold}")
    lines.append(f"groups on both sides: {leak['groupsOnBothSides']}")
    lines.append(
        f"closest pair across the border: correlation {leak['closestCorrelation']:.4f}"
    )
    if leak["limit"] is not None:
        lines.append(
            f"validation pictures with a training picture above correlation {leak['limit']}:"
            f" {leak['validationImagesWithNearDuplicate']}"
        )
    return "\n".join(lines)


def write_folders(names: list[str], source: Path, out: Path) -> None:
    """Copies "class/file" images into class folders below `out`, which must not hold files yet."""
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} is not empty")
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, out / name)
    print(f"{len(names)} validation images in {out}")
