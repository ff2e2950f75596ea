"""Reads a training recipe: one YAML file for each model package."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Recipe:
    """The sections of `recipes/NAME.yaml`, as written there."""

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
    threshold: dict[str, float]

    @property
    def run_folder(self) -> Path:
        """Where arrays, weights and reports of this recipe go; not under version control."""
        folder = HERE / "runs" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def package_folder(self) -> Path:
        """The model package that `export.py` writes."""
        return ROOT / "models" / self.name / self.version


def data_root() -> Path:
    """The folder of data sets: JIDOKA_DATA, else ../shared/data beside the repository."""
    named = os.environ.get("JIDOKA_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"


def load_recipe(name: str) -> Recipe:
    """Loads `recipes/NAME.yaml` (or the path of a YAML file)."""
    path = Path(name) if name.endswith(".yaml") else HERE / "recipes" / f"{name}.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["good_label"] = raw.pop("goodLabel")
    return Recipe(**raw)


def source_folder(recipe: Recipe, override: str | None = None) -> Path:
    """The folder of class folders the recipe learns from; `override` names another one."""
    folder = Path(override) if override else data_root() / recipe.data["images"]
    if not folder.is_dir():
        raise SystemExit(
            f"{folder} is not a folder: set JIDOKA_DATA or give --data FOLDER"
        )
    return folder
