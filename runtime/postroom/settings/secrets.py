"""Passwords and tokens as references: where a secret is, never what it is.

It is in charge of resolving a reference at the moment of use. A value read is never kept, printed or encoded here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from postroom.errors import ConfigurationError

PLACEHOLDER = "replace-this-line-with-the-password"
"""What `postroom init` writes into a secret file; `check` warns while it is still there."""

_LONGEST = 64 * 1024
_KINDS = ("env", "file")
SEALED = "sealed"
HOW = "write `env:NAME` (a variable of the environment) or `file:PATH` (a file, relative to the configuration folder)"


class Opener(Protocol):
    """Opens what was sealed."""

    def open(self, sealed: str) -> str:
        """What was sealed. Raises ConfigurationError."""
        ...


class Secret(Struct, frozen=True):
    """A reference to a secret: `env:NAME` or `file:PATH`, the path relative to `folder`.

    Raises ValueError for anything else, without repeating it: it may be a password.
    """

    reference: str
    folder: str = ""

    def __post_init__(self) -> None:
        if not self.name or self.kind not in self._kinds() or not self.reference.isprintable():
            raise ValueError(f"a password is never written here itself: {HOW}")

    def __repr__(self) -> str:
        return f"Secret({self.shown})"

    __str__ = __repr__

    @property
    def shown(self) -> str:
        """What may be said of it."""
        return self.reference

    @property
    def kind(self) -> str:
        """Where it is: `env`, `file` or `sealed`."""
        return self.reference.partition(":")[0]

    @property
    def name(self) -> str:
        """The variable, the path as written, or what is sealed."""
        return self.reference.partition(":")[2]

    @property
    def path(self) -> Path | None:
        """The file, or None where it is in none."""
        return Path(self.folder, self.name) if self.kind == "file" else None

    def reveal(self) -> str:
        """Read the secret now, without the line end of its file. Raises ConfigurationError, which never quotes it."""
        value = self._read()
        if not value:
            raise ConfigurationError(f"the secret {self.shown} is empty")
        if not value.isprintable():
            raise ConfigurationError(f"the secret {self.shown} holds more than one line, or control characters")
        return value

    def _kinds(self) -> tuple[str, ...]:
        return _KINDS

    def _read(self) -> str:
        return self._of_file(self.path) if self.path is not None else self._of_environment()

    def _of_environment(self) -> str:
        value = os.environ.get(self.name)
        if value is None:
            raise ConfigurationError(f"the environment has no variable {self.name}, which {self.reference} names")
        return value

    def _of_file(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                content = file.read(_LONGEST + 1)
        except OSError as error:
            raise ConfigurationError(f"the secret file {path} cannot be read: {error.strerror}") from error
        if len(content) > _LONGEST:
            raise ConfigurationError(f"the secret file {path} is larger than {_LONGEST} octets")
        try:
            return content.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"the secret file {path} is not UTF-8 text") from error


class Sealed(Secret, frozen=True, kw_only=True):
    """A secret that is kept in the store: `sealed:` and what the vault opens."""

    vault: Opener

    def __repr__(self) -> str:
        return f"Secret({self.shown})"

    __str__ = __repr__

    @property
    def shown(self) -> str:
        """What may be said of it."""
        return "in the store"

    def _kinds(self) -> tuple[str, ...]:
        return (SEALED,)

    def _read(self) -> str:
        return self.vault.open(self.name)


def is_exposed(secret: Secret) -> bool:
    """Whether the secret's file may be read by every user of the machine."""
    try:
        return secret.path is not None and bool(secret.path.stat().st_mode & 0o004)
    except (OSError, ValueError):
        return False
