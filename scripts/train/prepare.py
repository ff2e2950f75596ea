"""Step 1: resizes photographs (and defect masks) the way the agent does and keeps them as arrays.

python prepare.py RECIPE [--data FOLDER]

Writes runs/NAME/arrays.npz:
  images      uint8 [n, height, width]
  labels      int64 [n], indices into the recipe's labels
  names       str   [n], "class/file"
  thumbnails  uint8 [n, 32, 32], stretched, for finding near-duplicates
  masks       uint8 [n, height, width], 255 on the defect (zeros where there is no mask)
  has_mask    bool  [n], false where a defective part's mask is unknown
  boxes       float32 [n, 2], width and height of the photograph inside the input, in pixels
  side        int64 [n], only for rendered recipes: 1 for frames of the validation seed, else 0
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from recipe import HERE, ROOT, Recipe, data_root, load_recipe, source_folder

THUMBNAIL = 32


def resize_folder(
    source: Path, width: int, height: int, mode: str, kernel: str, fill: int
) -> tuple[list[str], np.ndarray]:
    """Resizes CLASS/FILE images with sharp; gives their names and uint8 [n, height, width]."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "resized"
        arguments = [str(source), str(out), str(width), str(height), mode, kernel]
        subprocess.run(
            ["node", str(HERE / "resize.mjs"), *arguments, str(fill)], check=True
        )
        names = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
        pixels = np.fromfile(out.with_suffix(".bin"), np.uint8)
    return names, pixels.reshape(len(names), height, width)


def resize_for(recipe: Recipe, source: Path) -> tuple[list[str], np.ndarray]:
    """Resizes a folder to the model's input as the manifest says: names, uint8 [n, height, width]."""
    how = recipe.preprocessing
    size = recipe.input
    return resize_folder(
        source, size["width"], size["height"], how["resize"], how["kernel"], how["fill"]
    )


def label_indices(recipe: Recipe, names: list[str]) -> np.ndarray:
    """Class folder of each name -> int64 [n]."""
    index = {label: i for i, label in enumerate(recipe.labels)}
    unknown = sorted({name.split("/")[0] for name in names} - set(index))
    if unknown:
        raise SystemExit(f"no such labels in the recipe: {', '.join(unknown)}")
    return np.array([index[name.split("/")[0]] for name in names], np.int64)


def resize_masks(recipe: Recipe, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Masks in the photographs' order: uint8 [n, height, width] and bool [n] (known, or nothing to know)."""
    height, width = recipe.input["height"], recipe.input["width"]
    masks = np.zeros((len(names), height, width), np.uint8)
    known = np.array([name.split("/")[0] == recipe.good_label for name in names])
    folder = recipe.data.get("masks")
    if folder is None:
        return masks, known
    where = {Path(name).with_suffix("").as_posix(): i for i, name in enumerate(names)}
    mode = recipe.preprocessing["resize"]
    mask_names, pixels = resize_folder(
        data_root() / folder, width, height, mode, "linear", 0
    )
    for name, mask in zip(mask_names, pixels):
        i = where.get(Path(name).with_suffix("").as_posix())
        if i is not None:
            masks[i] = mask
            known[i] = True
    return masks, known


def part_boxes(recipe: Recipe, images: np.ndarray) -> np.ndarray:
    """Width and height of what is not a letterbox bar: uint8 [n, h, w] -> float32 [n, 2]."""
    bar = np.abs(images.astype(np.int16) - recipe.preprocessing["fill"]) < 3
    width = (~bar.all(axis=1)).sum(axis=1)
    height = (~bar.all(axis=2)).sum(axis=1)
    return np.stack([width, height], axis=1).astype(np.float32)


def render(recipe: Recipe, side: str) -> Path:
    """Renders the recipe's frames of one side (train, validation) as class folders."""
    folder = recipe.run_folder / "rendered" / side
    how = recipe.data["render"][side]
    shutil.rmtree(folder, ignore_errors=True)
    script = str(ROOT / "scripts" / "render-tiles.ts")
    options = [
        "--out",
        str(folder),
        "--count",
        str(how["count"]),
        "--seed",
        str(how["seed"]),
    ]
    subprocess.run(["npx", "tsx", script, *options], check=True, cwd=ROOT)
    return folder


def collect(recipe: Recipe, source: Path) -> dict[str, np.ndarray]:
    """All arrays of one folder of class folders."""
    names, images = resize_for(recipe, source)
    _, thumbnails = resize_folder(source, THUMBNAIL, THUMBNAIL, "stretch", "linear", 0)
    masks, has_mask = resize_masks(recipe, names)
    return {
        "images": images,
        "labels": label_indices(recipe, names),
        "names": np.array(names),
        "thumbnails": thumbnails,
        "masks": masks,
        "has_mask": has_mask,
        "boxes": part_boxes(recipe, images),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument(
        "--data", help="folder of class folders (default: the recipe's)"
    )
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    if "render" in recipe.data:
        parts = [
            collect(recipe, render(recipe, side)) for side in ("train", "validation")
        ]
        arrays = {
            key: np.concatenate([part[key] for part in parts]) for key in parts[0]
        }
        arrays["side"] = np.repeat([0, 1], [len(part["labels"]) for part in parts])
    else:
        arrays = collect(recipe, source_folder(recipe, arguments.data))
    np.savez(recipe.run_folder / "arrays.npz", **arrays)
    count, height, width = arrays["images"].shape
    print(f"{count} images of {width} x {height} pixels")


if __name__ == "__main__":
    main()
