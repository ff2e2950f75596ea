"""Reads a training recipe: one YAML file for each model package."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Recipe:
    """The sections of `recipes/NAME.yaml`, as written there; README.md says what each may hold."""

    name: str
    version: str
    description: str
    labels: list[str]
    good_label: str | None
    data: dict[str, Any]
    input: dict[str, int]
    preprocessing: dict[str, Any]
    split: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]
    evaluation: dict[str, Any] = field(default_factory=dict)
    compress: dict[str, Any] = field(default_factory=dict)
    golden: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    runs: Path = HERE / "runs"
    models: Path = ROOT / "models"

    @property
    def run_folder(self) -> Path:
        """Where arrays, weights and reports of this recipe go, one folder a step; not under version control."""
        return self.runs / self.name

    @property
    def package_folder(self) -> Path:
        """The model package that `package` writes."""
        return self.models / self.name / self.version

    @property
    def good(self) -> int | None:
        """Index of the good label, or None where the model only tells defects apart."""
        return None if self.good_label is None else self.labels.index(self.good_label)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the input."""
        return self.input["height"], self.input["width"], self.input["channels"]

    @property
    def phases(self) -> list[Recipe]:
        """The recipe of each part of the training, in order.

        `training.phases` lists what each does otherwise than the rest of the section says; a phase's `input` replaces
        width and height, for learning from cut-outs first. Without the list there is one phase, the section itself.
        """
        common = {key: v for key, v in self.training.items() if key != "phases"}
        out = []
        for phase in self.training.get("phases", [{}]):
            size = phase.get("input", {})
            rest = {key: value for key, value in phase.items() if key != "input"}
            out.append(
                replace(self, input=self.input | size, training=common | rest)
            )
        return out


SECTIONS = tuple(f.name for f in fields(Recipe) if f.name not in ("runs", "models"))


def data_root() -> Path:
    """The folder of data sets: JIDOKA_DATA, else ../shared/data beside the repository."""
    named = os.environ.get("JIDOKA_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"


def recipe_names() -> list[str]:
    """The recipes that come with the repository."""
    return sorted(path.stem for path in (HERE / "recipes").glob("*.yaml"))


def load_recipe(
    name: str, runs: Path | None = None, models: Path | None = None
) -> Recipe:
    """Loads `recipes/NAME.yaml` (or the path of a YAML file); `runs` and `models` move what is written."""
    path = Path(name) if name.endswith(".yaml") else HERE / "recipes" / f"{name}.yaml"
    if not path.is_file():
        raise SystemExit(f"no recipe {name}: there are {', '.join(recipe_names())}")
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["good_label"] = raw.pop("goodLabel", None)
    unknown = sorted(set(raw) - set(SECTIONS))
    required = {f.name for f in fields(Recipe)[:11]}
    missing = sorted(required - set(raw))
    if unknown or missing:
        raise SystemExit(
            f"{path}: unknown {unknown or 'nothing'}, missing {missing or 'nothing'}"
        )
    if raw["good_label"] is not None and raw["good_label"] not in raw["labels"]:
        raise SystemExit(
            f"{path}: goodLabel {raw['good_label']} is not among the labels"
        )
    raw["input"].setdefault("channels", 1)
    raw["preprocessing"].setdefault("fill", 0)
    moved = {"runs": runs, "models": models}
    return Recipe(**raw, **{key: value for key, value in moved.items() if value})
