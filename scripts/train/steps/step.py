"""When a step is up to date: a stamp beside its results names what they were made from.

A stamp holds hashes of the recipe's sections that the step reads, of the files it takes in, and of the code it uses
(without comments, docstrings and layout). An unfinished step leaves the key of what it was working on, so that the next
run knows whether the leftovers may be continued.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from ..recipe import HERE, Recipe

STAMP = ".stamp.json"
WORKING = ".working.json"


@dataclass(frozen=True)
class Step:
    """One step of the pipeline.

    `sections` are names of recipe fields, `inputs` files below
    the run folder, `code` files of this folder whose imports count too; `more` gives further text to hash.
    """

    name: str
    sections: tuple[str, ...]
    code: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    more: Callable[[Recipe], Any] = field(default=lambda recipe: None)
    place: str = ""

    def run(self, recipe: Recipe, folder: Path, arguments: Any) -> None:
        """Runs steps/NAME.py, which writes into `folder`."""
        import_module(f".{self.name}", __package__).run(recipe, folder, arguments)

    def folder(self, recipe: Recipe) -> Path:
        """Where the results go, below the run folder: `place`, else the step's name."""
        return recipe.run_folder / (self.place or self.name)


def _digest(text: str | bytes) -> str:
    return hashlib.sha256(
        text if isinstance(text, bytes) else text.encode()
    ).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Short hash of a file's content, "missing" where there is none; of a .keras file what it computes, not when it was saved."""
    if not path.is_file():
        return "missing"
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            names = sorted(set(archive.namelist()) - {"metadata.json"})
            content = b"".join(archive.read(name) for name in names)
        return _digest(re.sub(rb'"shared_object_id": \d+', b"", content))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _without_docstrings(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            if isinstance(body[0].value, ast.Constant) and isinstance(
                body[0].value.value, str
            ):
                node.body = body[1:]
    return ast.dump(tree)


def _imports(tree: ast.AST, path: Path) -> list[Path]:
    """Files of this folder that a module imports by relative imports."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            base = path.parents[node.level - 1]
            base = base.joinpath(*node.module.split(".")) if node.module else base
            named = [base / f"{alias.name}.py" for alias in node.names]
            found += [base.with_suffix(".py"), base / "__init__.py", *named]
    return [file for file in found if file.is_file()]


def code_digests(names: tuple[str, ...]) -> dict[str, str]:
    """Relative path -> hash of each named file and of all that it imports from this folder."""
    out: dict[str, str] = {}
    waiting = [HERE / name for name in names]
    while waiting:
        path = waiting.pop()
        name = path.relative_to(HERE).as_posix()
        # Steps differ by their own files; the shell around them changes no result.
        if name in out or name in ("steps/step.py", "steps/plan.py", "recipe.py"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            out[name] = _digest(text)
            continue
        tree = ast.parse(text)
        waiting += _imports(tree, path)
        out[name] = _digest(_without_docstrings(tree))
    return dict(sorted(out.items()))


def made_from(step: Step, recipe: Recipe) -> dict[str, Any]:
    """What the step's results depend on, as it is now."""
    sections = {name: getattr(recipe, name) for name in step.sections}
    return {
        "recipe": {
            k: _digest(json.dumps(v, sort_keys=True)) for k, v in sections.items()
        },
        "inputs": {name: file_digest(recipe.run_folder / name) for name in step.inputs},
        "code": code_digests(step.code),
        "more": _digest(json.dumps(step.more(recipe), sort_keys=True)),
    }


def stale_because(step: Step, recipe: Recipe) -> str | None:
    """Why the step must run, or None where it is up to date."""
    stamp = step.folder(recipe) / STAMP
    if not stamp.is_file():
        return "not done yet"
    before, now = json.loads(stamp.read_text(encoding="utf-8")), made_from(step, recipe)
    for kind, what in (
        ("recipe", "recipe section"),
        ("inputs", "input"),
        ("code", "code"),
    ):
        keys = sorted(set(before[kind]) | set(now[kind]))
        changed = [key for key in keys if before[kind].get(key) != now[kind].get(key)]
        if changed:
            return f"{what} changed: {', '.join(changed)}"
    return None if before["more"] == now["more"] else "the source's files changed"


def run_step(step: Step, recipe: Recipe, arguments: Any, force: bool = False) -> bool:
    """Runs the step unless it is up to date; true where it ran."""
    why = "forced" if force else stale_because(step, recipe)
    if why is None:
        print(f"== {step.name}: up to date", flush=True)
        return False
    print(f"== {step.name}: {why}", flush=True)
    folder = step.folder(recipe)
    start = made_from(step, recipe)
    now = json.dumps(start, indent=1)
    working = folder / WORKING
    if not working.is_file() or working.read_text(encoding="utf-8") != now:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        working.write_text(now, encoding="utf-8")
    else:
        print(f"continues what was left in {folder}", flush=True)
    step.run(recipe, folder, arguments)
    # What it was made from, even if files changed meanwhile; only `more` may speak of what the step itself wrote.
    done = start | {"more": made_from(step, recipe)["more"]}
    (folder / STAMP).write_text(json.dumps(done, indent=1), encoding="utf-8")
    working.unlink(missing_ok=True)
    return True


def accept(step: Step, recipe: Recipe) -> None:
    """Stamps the step's folder as made from what is there now."""
    text = json.dumps(made_from(step, recipe), indent=1)
    (step.folder(recipe) / STAMP).write_text(text, encoding="utf-8")
