"""The command line: python scripts/train COMMAND RECIPE."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .threads import limit_threads

limit_threads()

from .recipe import load_recipe, recipe_names  # threads first
from .steps.plan import STEPS

HELP = {
    "preprocess": "clean, resize and split the pictures; report the balance and leaks",
    "build": "make the network, count its parameters and multiply-adds, check the limits",
    "train": "train it; continues at the last finished epoch",
    "evaluate": "judge it on the validation split: figures and diagrams in runs/NAME/report/",
    "compress": "make the INT8, sparse and slim variants",
    "package": "export ONNX, manifest, golden samples and card to models/NAME/VERSION/",
}


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="python scripts/train",
        description="Trains model packages. Every step skips what is up to date and continues what was interrupted.",
        epilog=f"Recipes: {', '.join(recipe_names())}; or the path of a YAML file. JIDOKA_DATA names the folder of data"
        " sets, JIDOKA_TRAIN_THREADS the threads (default 2).",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + "."
        )
        sub.add_argument("recipe", help="name of a recipe, or the path of a YAML file")
        sub.add_argument(
            "--runs",
            type=Path,
            help="folder for what the steps write (default: scripts/train/runs)",
        )
        sub.add_argument(
            "--models", type=Path, help="folder for the package (default: models)"
        )
        sub.add_argument(
            "--force", action="store_true", help="run although it is up to date"
        )
        return sub

    for name in HELP:
        sub = command(name, HELP[name])
        sub.add_argument(
            "--accept",
            action="store_true",
            help="call what is there up to date, without running (a change of no effect)",
        )
        if name == "preprocess":
            sub.add_argument(
                "--data", help="folder of class folders in place of the recipe's"
            )
            sub.add_argument(
                "--out",
                type=Path,
                help="also copy the validation pictures there, as class folders",
            )
        if name == "train":
            sub.add_argument(
                "--fold",
                type=int,
                help="hold this fold out and report; writes no package input",
            )
            sub.add_argument(
                "--cross",
                action="store_true",
                help="hold every fold out in turn and report",
            )
    command("all", "run every step that is not up to date, in order")
    command("status", "say which steps are up to date, and why not")
    commands.add_parser("selftest", help="run the tests of this folder (tests/)")
    return top


def main(argv: list[str] | None = None) -> None:
    """Runs one command; expected trouble ends with a sentence and exit code 1."""
    arguments = parser().parse_args(argv)
    if arguments.command == "selftest":
        from .selftest import run_tests

        sys.exit(run_tests())
    from .steps.step import accept, run_step, stale_because

    recipe = load_recipe(arguments.recipe, arguments.runs, arguments.models)
    everything = arguments.command in ("all", "status")
    if arguments.command == "train" and (arguments.cross or arguments.fold is not None):
        from .steps.train import cross

        return cross(recipe, arguments.fold)
    for step in STEPS:
        if not everything and step.name != arguments.command:
            continue
        if arguments.command == "status":
            print(f"{step.name:11} {stale_because(step, recipe) or 'up to date'}")
        elif getattr(arguments, "accept", False):
            accept(step, recipe)
        else:
            run_step(step, recipe, arguments, arguments.force)
    if arguments.command == "preprocess" and arguments.out:
        from .steps.preprocess import write_validation

        write_validation(recipe, arguments.out, arguments.data)
