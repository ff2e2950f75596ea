"""The steps in their order with what each is made from. Light: TensorFlow is imported only by a step that runs."""

from __future__ import annotations

from typing import Any

from ..data.sources import fingerprint
from ..recipe import SECTIONS, Recipe
from .step import Step, code_digests, file_digest


def network_code(recipe: Recipe) -> list[Any]:
    """The network's own code, found by its kind, and the seed of its first weights."""
    code = code_digests((f"networks/{recipe.model['kind']}.py",))
    return [recipe.training.get("seed", 1), *code.items()]


def batches_code(recipe: Recipe) -> list[Any]:
    """The code of the recipe's batches; the network's own comes with build/network.keras."""
    return list(code_digests((f"batches/{recipe.training['batches']}.py",)).items())


def written_manifest(recipe: Recipe) -> str:
    """Notices a package that was removed or changed by hand."""
    return file_digest(recipe.package_folder / "model.json")


STEPS = (
    Step(
        name="preprocess",
        sections=("labels", "good_label", "data", "input", "preprocessing", "split"),
        code=("steps/preprocess.py", "resize.mjs"),
        more=fingerprint,
    ),
    Step(
        name="build",
        sections=("labels", "input", "model"),
        code=("steps/build.py",),
        more=network_code,
    ),
    Step(
        name="train",
        sections=("labels", "good_label", "training"),
        code=("steps/train.py",),
        inputs=("preprocess/data.npz", "build/network.keras"),
        more=batches_code,
    ),
    Step(
        name="evaluate",
        place="report",
        sections=("labels", "good_label", "evaluation"),
        code=("steps/evaluate.py",),
        inputs=("preprocess/data.npz", "train/network.keras", "train/history.json"),
    ),
    Step(
        name="compress",
        sections=(
            "labels",
            "good_label",
            "description",
            "model",
            "training",
            "evaluation",
            "compress",
        ),
        code=("steps/compress.py",),
        inputs=("preprocess/data.npz", "train/network.keras"),
        more=batches_code,
    ),
    Step(
        name="package",
        sections=SECTIONS,
        code=("steps/package.py", "resize.mjs"),
        inputs=(
            "preprocess/data.npz",
            "train/history.json",
            "compress/variants.json",
            "report/figures.json",
        ),
        more=written_manifest,
    ),
)
