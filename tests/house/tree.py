"""Reads the repository as a stranger would: its text files, its modules as syntax trees, their functions and names."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "runtime" / "postroom"
TESTS = ROOT / "tests"

NOT_OURS = {".git", ".venv", ".hypothesis", "__pycache__", "build", "dist", "var", "node_modules", "vendor", "corpus"}
"""Folders that hold what tools made, what others wrote, or mails kept as they came."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file, read once."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path from the root of the repository, as it is printed."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def room(self) -> str:
        """The path inside the package or the tests, such as `engine/world.py`."""
        return self.path.relative_to(RUNTIME if self.path.is_relative_to(RUNTIME) else TESTS).as_posix()

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


def files() -> Iterator[Path]:
    """Every file of the repository that somebody of the house wrote."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(
            name for name in folders if name not in NOT_OURS and not name.endswith(("_cache", ".egg-info"))
        )
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith(".coverage"))


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text file's path from the root, and its text."""
    read = ((path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in files())
    return tuple((name, data.decode("utf-8", "replace")) for name, data in read if b"\0" not in data)


@cache
def modules(folder: Path) -> tuple[Module, ...]:
    """Every Python file under the folder."""
    found = [path for path in files() if path.suffix == ".py" and path.is_relative_to(folder)]
    read = [(path, path.read_text(encoding="utf-8")) for path in found]
    return tuple(Module(path, text, ast.parse(text, filename=str(path))) for path, text in read)


def lines_of(function: Function) -> int:
    """The lines from `def` to the end of the body."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_declaration(function: Function) -> bool:
    """Whether the body is only a docstring or an ellipsis, as in a Protocol."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in function.body)


def parameters_of(function: Function) -> list[str]:
    """The names of all parameters but `self` and `cls`."""
    every = function.args
    named = [*every.posonlyargs, *every.args, *every.kwonlyargs, *filter(None, (every.vararg, every.kwarg))]
    return [parameter.arg for parameter in named if parameter.arg not in {"self", "cls"}]


def words_of(identifier: str) -> list[str]:
    """The words of a name in snake_case or CamelCase, in lower case: `HTTPServer_v1` gives http, server, v1."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", identifier)]


def origins(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: `from datetime import datetime as d` gives d -> datetime.datetime."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                known[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def dotted(node: ast.expr, known: dict[str, str]) -> str:
    """The full dotted name an expression spells, its first part resolved by the imports; empty where it is no name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value, known)
        return f"{owner}.{node.attr}" if owner else ""
    return ""
