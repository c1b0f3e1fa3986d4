"""What is wrong with a configuration, so that a person finds the place and knows what to do.

It is in charge of the words and of collecting them for one file; it never shows a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from postroom.settings.secrets import Secret
from postroom.settings.yaml import Node

SecretReader = Callable[[Node, str], Secret]
"""Reads what is written for a secret, and its place. Raises ValueError with the rule it breaks, never with a value."""

_LONGEST_VALUE = 60
_LONGEST_KEY = 200


class Problem(Struct, frozen=True, kw_only=True):
    """One broken rule, or one warning. `value` is shortened for showing and empty where it must not be shown.

    `line` is 0 where nothing was written in lines.
    """

    file: str
    line: int
    key: str
    rule: str
    value: str = ""

    @property
    def place(self) -> str:
        """Where it is: the file, and the line where there are lines."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        place = f"{self.place}: " + (f"{self.key}: " if self.key else "")
        return place + self.rule + (f" (it is {self.value})" if self.value else "")


def shown(value: object) -> str:
    """Give a short printable form of a value as it was written."""
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
    quoted = isinstance(value, str) or not text.isprintable()
    return repr(text) if quoted else text


class Page:
    """One file being read: where each key stands, and what was found wrong so far.

    Of several problems with one key only the first is kept: the others follow from it.
    """

    def __init__(self, file: str, folder: Path, secrets: SecretReader | None = None, first_line: int = 1) -> None:
        """`secrets` reads what is written for a secret where that is no reference; a `first_line` of 0: no lines."""
        self.file = file
        self.folder = folder
        self.secrets = secrets
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._lines: dict[str, int] = {"": first_line}
        self._broken: set[str] = set()
        self._references: list[tuple[str, str, str]] = []

    def mark(self, path: str, line: int) -> None:
        """Note the line at which a key or item stands."""
        self._lines[path] = line

    def refer(self, what: str, path: str, name: str) -> None:
        """Note that the name of such a thing is used there, for who knows whether it exists."""
        self._references.append((what, path, name))

    def references(self, what: str) -> Iterator[tuple[str, str]]:
        """Where names of such things are used, and which."""
        return ((path, name) for kind, path, name in self._references if kind == what)

    def is_written(self, path: str) -> bool:
        """Whether the file has that key."""
        return path in self._lines

    def line_of(self, path: str) -> int:
        """The line of the key, or of the nearest thing around it that is written."""
        while path not in self._lines:
            path = _parent(path)
        return self._lines[path]

    def where(self, path: str) -> str:
        """Where the key stands, in words: its line, or its name where nothing was written in lines."""
        line = self.line_of(path)
        return f"line {line}" if line else f"`{path}`"

    def is_sound(self, *paths: str) -> bool:
        """Whether nothing was found wrong with any of these keys, nor with what is around them."""
        return not any(self._is_broken(path) for path in paths)

    def problem(self, path: str, rule: str, value: str = "", line: int | None = None) -> None:
        """Note a broken rule."""
        if self.is_sound(path):
            self.problems.append(self._found(path, rule, value, line))
            self._broken.add(path)

    def fault(self, line: int, key: str, rule: str) -> None:
        """Note what is wrong with the text itself, whatever else is found there."""
        self.problems.append(Problem(file=self.file, line=line, key=_printable(key), rule=rule))

    def warning(self, path: str, rule: str, value: str = "") -> None:
        """Note something that is allowed and worth a look."""
        if self.is_sound(path):
            self.warnings.append(self._found(path, rule, value, None))

    def _found(self, path: str, rule: str, value: str, line: int | None) -> Problem:
        at = self.line_of(path) if line is None else line
        return Problem(file=self.file, line=at, key=_printable(path), rule=rule, value=value)

    def _is_broken(self, path: str) -> bool:
        while path:
            if path in self._broken:
                return True
            path = _parent(path)
        return "" in self._broken


def _printable(key: str) -> str:
    """A key may be anything in a broken file; a terminal is not given what it might obey."""
    short = key if len(key) <= _LONGEST_KEY else key[:_LONGEST_KEY] + "…"
    return short if short.isprintable() else repr(short)[1:-1]


def _parent(path: str) -> str:
    cut = max(path.rfind("."), path.rfind("["))
    return path[:cut] if cut > 0 else ""
