"""Judges a model package on a folder of class folders, resizing as the agent does and running onnxruntime.

python evaluate.py RECIPE FOLDER
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

from metrics import describe
from prepare import label_indices, resize_for
from recipe import load_recipe


def run_onnx(model: bytes | str, images: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w] -> scores float32 [n, classes], on two threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )
    out = []
    for start in range(0, len(images), 32):
        batch = images[start : start + 32, ..., np.newaxis]
        out.append(session.run(["scores"], {"image": batch})[0])
    return np.concatenate(out)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    recipe = load_recipe(arguments.recipe)
    package = recipe.package_folder
    manifest = json.loads((package / "model.json").read_text(encoding="utf-8"))
    names, images = resize_for(recipe, arguments.folder)
    labels = label_indices(recipe, names)
    scores = run_onnx(str(package / manifest["file"]), images)
    good = recipe.labels.index(recipe.good_label)
    print(describe(recipe.labels, scores, labels, good, manifest["goodThreshold"]))


if __name__ == "__main__":
    main()
