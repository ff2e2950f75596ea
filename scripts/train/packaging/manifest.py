"""model.json, exactly as src/vision/manifest.ts defines it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

from ..data.dataset import Dataset
from ..recipe import Recipe

VARIANT_KEYS = (
    "file",
    "description",
    "parameters",
    "multiplyAdds",
    "temperature",
    "goodThreshold",
    "thresholds",
    "metrics",
)


def sha256(path: Path) -> str:
    """Of a file's bytes, in lower-case hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def split_text(recipe: Recipe, data: Dataset) -> str:
    """The validation split in one sentence."""
    held, train = len(data.held), len(data.train)
    if "render" in recipe.data:
        seeds = {side: how["seed"] for side, how in recipe.data["render"].items()}
        return f"{held} rendered frames of seed {seeds['validation']}; training used {train} frames of seed {seeds['train']}"
    if "folds" not in recipe.split:
        return f"The test side that the data set itself gives: {held} pictures; training side {train}"
    how = recipe.split
    measure = "thumbnails' detail" if how.get("detail") else "thumbnails"
    numbers = f", or frame numbers at most {how['gap']} apart" if how.get("gap") else ""
    groups = len(np.unique(data.groups[data.held]))
    return (
        f"Fold {how['validation']} of {how['folds']} grouped folds: near-duplicates (correlation of the {measure} above"
        f" {how['correlation']}{numbers}) stay on one side; {held} pictures of {groups} groups against {train} for training"
    )


def validation_command(recipe: Recipe) -> str:
    """What gives the figures, with the agent's own judge."""
    return (
        f"python scripts/train preprocess {recipe.name} --out DIR &&"
        f" jidoka eval models/{recipe.name}/{recipe.version} DIR"
    )


def framework() -> str:
    """Versions of what made the files."""
    return (
        f"Keras {keras.__version__}, TensorFlow {tf.__version__}, tf2onnx {tf2onnx.__version__},"
        f" onnxruntime {onnxruntime.__version__}"
    )


def make_manifest(
    recipe: Recipe,
    data: Dataset,
    variants: dict[str, Any],
    golden: dict[str, Any],
    folder: Path,
    epochs: int,
    cells: tuple[int, int],
) -> dict[str, Any]:
    """The manifest of the package in `folder`, whose ONNX files and golden pictures are there already."""
    default = recipe.compress.get("default", "fp32")
    reference = variants[default]["latencyRatio"]
    listed = {}
    for name, found in variants.items():
        listed[name] = {
            **{key: found[key] for key in VARIANT_KEYS},
            "sha256": sha256(folder / found["file"]),
            "latencyRatio": round(found["latencyRatio"] / reference, 3),
        }
    samples = [{**s, "sha256": sha256(folder / s["file"])} for s in golden["samples"]]
    height, width, channels = recipe.shape
    return {
        "schemaVersion": 1,
        "name": recipe.name,
        "version": recipe.version,
        "description": recipe.description,
        "labels": recipe.labels,
        "goodLabel": recipe.good_label,
        "input": {
            "name": "image",
            "width": width,
            "height": height,
            "channels": channels,
            "layout": "NHWC",
            "type": "uint8",
        },
        "preprocessing": {
            key: recipe.preprocessing[key] for key in ("resize", "kernel", "fill")
        },
        "output": {
            "name": "logits",
            "activation": "logits",
            "map": {"name": "map", "rows": cells[0], "columns": cells[1]},
        },
        "variants": listed,
        "defaultVariant": default,
        "golden": {"tolerance": golden["tolerance"], "samples": samples},
        "license": recipe.card["license"],
        "dataSource": recipe.card["source"],
        "validation": {
            "split": split_text(recipe, data),
            "command": validation_command(recipe),
        },
        "training": {
            "createdAt": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seed": recipe.training["seed"],
            "framework": framework(),
            "images": len(data.train),
            "epochs": epochs,
        },
    }
