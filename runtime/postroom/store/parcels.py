"""Files of exports: zips in a folder beside the database, readable by its owner only, each whole or not there."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from postroom.store.named_files import NamedFiles

FOLDER = "exports"


class Parcels:
    """engine.exports.Parcels, by the ids of tasks. Everything here blocks."""

    def __init__(self, store_folder: Path) -> None:
        self._files = NamedFiles(store_folder / FOLDER, ".zip", "a task", "a file of an export cannot be used")

    def begin(self, name: str) -> None:
        """Begin a file anew. Raises TemporaryError."""
        self._files.make_folder()
        try:
            descriptor = os.open(self._files.draft(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED):
                pass
        except OSError as error:
            raise self._files.failed(error) from error

    def add(self, name: str, parts: Iterable[tuple[str, bytes]]) -> None:
        """Put parts into a file that was begun. Raises TemporaryError."""
        try:
            with zipfile.ZipFile(self._files.draft(name), "a", zipfile.ZIP_DEFLATED) as made:
                for part, content in parts:
                    made.writestr(part, content)
        except OSError as error:
            raise self._files.failed(error) from error

    def finish(self, name: str) -> None:
        """Make the file durable under its name. Raises TemporaryError."""
        draft = self._files.draft(name)
        try:
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(self._files.path(name))
        except OSError as error:
            raise self._files.failed(error) from error
        self._files.sync()

    def open(self, name: str) -> IO[bytes] | None:
        """The finished file, which the caller closes, or None. Raises TemporaryError."""
        try:
            return self._files.path(name).open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._files.failed(error) from error

    def drop(self, name: str) -> None:
        """Remove what there is of it. Raises TemporaryError."""
        self._files.drop(name)
