"""Step 1: cleans, resizes and splits.

Writes runs/NAME/preprocess/: data.npz (data/dataset.py), split.json, report.json and report.txt (what was left out and
why, the balance of the classes, the leak check).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..data.clean import find_excluded
from ..data.dataset import Dataset, load_dataset
from ..data.groups import unit_rows
from ..data.masks import masks_from_files, masks_from_twins, part_boxes
from ..data.resize import resize_for, thumbnails_of
from ..data.sources import source_folders
from ..data.split import balance, describe_split, leaks, make_split, write_folders
from ..recipe import Recipe


def label_indices(recipe: Recipe, names: list[str]) -> np.ndarray:
    """Class folder of each name -> int64 [n]."""
    index = {label: i for i, label in enumerate(recipe.labels)}
    unknown = sorted({name.split("/")[0] for name in names} - set(index))
    if unknown:
        raise SystemExit(f"no such labels in the recipe: {', '.join(unknown)}")
    return np.array([index[name.split("/")[0]] for name in names], np.int64)


def collect(recipe: Recipe, source: Path, side: int) -> dict[str, Any]:
    """All arrays of one folder of class folders, and what could not be read."""
    names, images, failed = resize_for(recipe, source)
    if not names:
        raise SystemExit(f"no readable pictures in {source}")
    part: dict[str, Any] = {
        "images": images,
        "labels": label_indices(recipe, names),
        "names": np.array(names),
        "thumbnails": thumbnails_of(recipe, source, images),
        "sides": np.full(len(names), side),
    }
    known = np.array([name.split("/")[0] == recipe.good_label for name in names])
    height, width, channels = recipe.shape
    times = recipe.input.get("fine", 0)
    empty = np.zeros((0, height, width), np.uint8)
    part |= {"masks": empty, "has_mask": known, "fine_masks": empty}
    part["fine"] = np.zeros((0, height, width, channels), np.uint8)
    if times:
        _, part["fine"], _ = resize_for(recipe, source, times)
    if "render" in recipe.data:
        part["masks"], part["has_mask"] = masks_from_twins(
            names, images, recipe.good_label
        )
    elif "masks" in recipe.data:
        part["masks"], part["has_mask"] = masks_from_files(
            recipe, names, (height, width)
        )
        if times:
            fine_size = (height * times, width * times)
            part["fine_masks"], _ = masks_from_files(recipe, names, fine_size)
    return {"arrays": part, "failed": failed}


def run(recipe: Recipe, folder: Path, arguments: Any) -> None:
    """Runs the step; `arguments.data` names another source folder."""
    sources = source_folders(recipe, getattr(arguments, "data", None))
    parts = [collect(recipe, source, side) for side, source in sources.items()]
    arrays = {
        key: np.concatenate([part["arrays"][key] for part in parts])
        for key in parts[0]["arrays"]
    }
    left_out = [item for part in parts for item in part["failed"]]
    labels, names, sides = arrays["labels"], arrays["names"].tolist(), arrays["sides"]
    excluded = find_excluded(arrays["images"], labels, names, sides)
    left_out += [
        {"name": names[i], "reason": why} for i, why in sorted(excluded.items())
    ]
    keep = np.setdiff1d(np.arange(len(names)), list(excluded))
    found = len(names)
    arrays = {k: v[keep] if len(v) == found else v for k, v in arrays.items()}
    rows = unit_rows(arrays.pop("thumbnails"), recipe.split.get("detail", False))
    sides = arrays.pop("sides")
    names = arrays["names"].tolist()

    split = make_split(recipe, names, arrays["labels"], sides, rows)
    boxes = part_boxes(arrays["images"], recipe.preprocessing["fill"])
    data = Dataset(
        **arrays,
        boxes=boxes,
        groups=split.groups,
        folds=split.folds,
        validation=split.validation,
    )
    table, leak = balance(recipe, data.labels, split), leaks(recipe, split, rows)
    text = describe_split(recipe, table, split, leak)
    lines = [
        f"{len(left_out)} pictures left out"
        + ("" if left_out else ": none unreadable, repeated or contradictory")
    ]
    lines += [f"  {item['name']}: {item['reason']}" for item in left_out]
    print(
        "\n".join(
            [
                *lines[:12],
                *([f"  … {len(lines) - 12} more"] if len(lines) > 12 else []),
                text,
            ]
        ),
        flush=True,
    )
    (folder / "report.txt").write_text(
        "\n".join([*lines, text]) + "\n", encoding="utf-8"
    )
    report = {"leftOut": left_out, "balance": table, "leak": leak, "table": text}
    (folder / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    if leak["leaks"]:
        raise SystemExit("the split leaks near-duplicates")
    lists = {
        "names": names,
        "groups": split.groups.tolist(),
        "folds": split.folds.tolist(),
    }
    lists["validation"] = [name for name, held in zip(names, split.validation) if held]
    (folder / "split.json").write_text(json.dumps(lists), encoding="utf-8")
    data.save(folder / "data.npz")


def write_validation(recipe: Recipe, out: Path, override: str | None) -> None:
    """Copies the validation pictures as class folders to `out`, as `jidoka eval` wants them."""
    data = load_dataset(recipe.run_folder / "preprocess" / "data.npz")
    if "render" in recipe.data:
        source = recipe.run_folder / "rendered" / "validation"
    else:
        source = list(source_folders(recipe, override).values())[-1]
    write_folders(data.names[data.validation].tolist(), source, out)
