"""The store's folder belongs to one process at a time: SQLite here is for one node."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from postroom.errors import ConfigurationError

FILE = "lock"


class FolderLock:
    """Holds the folder until released; the kernel releases it when the process dies, however it dies."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, made if need be. Raises ConfigurationError where another process has it."""
        self._descriptor = _open(folder)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise ConfigurationError(
                f"the store {folder} is in use by another process"
                f"{f' ({holder})' if holder else ''}: stop that one first, or give this one a folder of its own"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"pid {os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the folder back."""
        os.close(self._descriptor)


def _open(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigurationError(f"the store's folder {folder} cannot be used: {error}") from error
