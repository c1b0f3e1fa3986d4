"""Files of exports: zips in a folder beside the database, readable by its owner only, each whole or not there."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from postroom.errors import TemporaryError
from postroom.store.database import sync_folder

FOLDER = "exports"


class Parcels:
    """engine.exports.Parcels, by the ids of tasks. Everything here blocks."""

    def __init__(self, store_folder: Path) -> None:
        self._folder = store_folder / FOLDER

    def begin(self, name: str) -> None:
        """Begin a file anew. Raises TemporaryError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._draft(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED):
                pass
        except OSError as error:
            raise _failed(error) from error

    def add(self, name: str, parts: Iterable[tuple[str, bytes]]) -> None:
        """Put parts into a file that was begun. Raises TemporaryError."""
        try:
            with zipfile.ZipFile(self._draft(name), "a", zipfile.ZIP_DEFLATED) as made:
                for part, content in parts:
                    made.writestr(part, content)
        except OSError as error:
            raise _failed(error) from error

    def finish(self, name: str) -> None:
        """Make the file durable under its name. Raises TemporaryError."""
        draft = self._draft(name)
        try:
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(self._path(name))
            sync_folder(self._folder)
        except OSError as error:
            raise _failed(error) from error

    def open(self, name: str) -> IO[bytes] | None:
        """The finished file, which the caller closes, or None. Raises TemporaryError."""
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failed(error) from error

    def drop(self, name: str) -> None:
        """Remove what there is of it. Raises TemporaryError."""
        try:
            self._draft(name).unlink(missing_ok=True)
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(error) from error

    def _path(self, name: str) -> Path:
        if not name.isalnum():
            raise ValueError(f"{name!r} is no id of a task")
        return self._folder / f"{name}.zip"

    def _draft(self, name: str) -> Path:
        return self._path(name).with_suffix(".part")


def _failed(error: OSError) -> TemporaryError:
    return TemporaryError(f"a file of an export cannot be used: {error.strerror or error}")
