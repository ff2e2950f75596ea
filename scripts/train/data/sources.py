"""Where a recipe's pictures come from: a folder, an archive with fixed sides, or the renderer."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from ..recipe import ROOT, Recipe, data_root

TRAIN, TEST = 0, 1


def render(recipe: Recipe, side: str) -> Path:
    """Renders the recipe's frames of one side (train, validation) as class folders of PNG files.

    PNG, not JPEG: a defect's mask is the difference from the sound frame of the same seed.
    """
    folder = recipe.run_folder / "rendered" / side
    how = recipe.data["render"][side]
    shutil.rmtree(folder, ignore_errors=True)
    script = str(ROOT / "scripts" / "render-tiles.ts")
    options = {"out": folder, "count": how["count"], "seed": how["seed"]}
    flags = [
        text for key, value in options.items() for text in (f"--{key}", str(value))
    ]
    subprocess.run(
        [
            "node",
            "--import",
            "tsx",
            script,
            *flags,
            "--format",
            how.get("format", "png"),
        ],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    return folder


def unpack(recipe: Recipe) -> Path:
    """Unpacks the recipe's archive below the run folder, once."""
    archive = data_root() / recipe.data["archive"]
    folder = recipe.run_folder / "unpacked" / archive.name.split(".")[0]
    if not archive.is_file():
        raise SystemExit(f"{archive} is not a file: set JIDOKA_DATA")
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(archive) as tar:
            tar.extractall(partial, filter="data")
        partial.rename(folder)
    return folder


def source_folders(recipe: Recipe, override: str | None = None) -> dict[int, Path]:
    """Folders of class folders. One (TRAIN) that is still to be split, or one each for TRAIN and TEST.

    `override` names another folder in place of the recipe's `images`.
    """
    if "render" in recipe.data:
        return {TRAIN: render(recipe, "train"), TEST: render(recipe, "validation")}
    if "archive" in recipe.data:
        folder = unpack(recipe)
        found = {
            TRAIN: folder / recipe.data["train"],
            TEST: folder / recipe.data["test"],
        }
    elif "train" in recipe.data:
        found = {
            side: data_root() / recipe.data[key]
            for side, key in ((TRAIN, "train"), (TEST, "test"))
        }
    else:
        found = {
            TRAIN: Path(override) if override else data_root() / recipe.data["images"]
        }
    for folder in found.values():
        if not folder.is_dir():
            raise SystemExit(
                f"{folder} is not a folder: set JIDOKA_DATA or give --data FOLDER"
            )
    return found


def fingerprint(recipe: Recipe) -> list[str]:
    """What the source is made of, to notice a change: paths, sizes and times, without reading the pictures."""
    names = [
        recipe.data[key] for key in ("images", "masks", "archive") if key in recipe.data
    ]
    if "archive" not in recipe.data:
        names += [recipe.data[key] for key in ("train", "test") if key in recipe.data]
    lines = []
    for name in names:
        top = data_root() / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file():
                status = path.stat()
                lines.append(
                    f"{path.relative_to(data_root())} {status.st_size} {status.st_mtime_ns}"
                )
    return lines
