"""The steps in their order; each is a module with `STEP`."""

from __future__ import annotations

from importlib import import_module

from .step import Step

NAMES = ("preprocess", "build", "train", "evaluate", "compress", "package")


def step_named(name: str) -> Step:
    """The step of that name; imports TensorFlow only where the step needs it."""
    return import_module(f".{name}", __name__).STEP
