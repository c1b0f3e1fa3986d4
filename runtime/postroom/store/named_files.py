"""Files by the ids of what they belong to, in a folder beside the database, readable by its owner only.

Each is whole under its name, or a draft beside it.
"""

from __future__ import annotations

from pathlib import Path

from postroom.errors import TemporaryError
from postroom.store.database import sync_folder

DRAFT = ".part"


class NamedFiles:
    """One such folder, of what the ids are `of`; `what` begins the words of its errors. Everything here blocks."""

    def __init__(self, folder: Path, suffix: str, of: str, what: str) -> None:
        self.folder = folder
        self._suffix = suffix
        self._of = of
        self._what = what

    def path(self, name: str) -> Path:
        """Where it is once it is whole. Raises ValueError for what is no id."""
        if not name.isalnum():
            raise ValueError(f"{name!r} is no id of {self._of}")
        return self.folder / f"{name}{self._suffix}"

    def draft(self, name: str) -> Path:
        """Where it is until then. Raises ValueError for what is no id."""
        return self.path(name).with_suffix(DRAFT)

    def make_folder(self) -> None:
        """Have the folder. Raises TemporaryError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self.failed(error) from error

    def sync(self) -> None:
        """Make the names in it durable. Raises TemporaryError."""
        try:
            sync_folder(self.folder)
        except OSError as error:
            raise self.failed(error) from error

    def drop(self, name: str) -> None:
        """Remove what there is under the name. Raises TemporaryError."""
        try:
            self.draft(name).unlink(missing_ok=True)
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise self.failed(error) from error

    def failed(self, error: OSError) -> TemporaryError:
        """What is raised for it."""
        return TemporaryError(f"{self._what}: {error.strerror or error}")
