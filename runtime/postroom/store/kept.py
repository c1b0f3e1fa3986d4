"""Small private files in the store's folder, readable by its owner only, each written whole or not at all.

A tool run by root leaves them to the folder's owner, so that the daemon can go on reading them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from postroom.errors import TemporaryError
from postroom.ports.world import Offload
from postroom.store.database import sync_folder

FOLDER = "kept"
LARGEST = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}\Z")


class FileKeeper:
    """ports.kept.Keeper over one folder, made when it is first needed."""

    def __init__(self, store_folder: Path, offload: Offload) -> None:
        self._folder = store_folder / FOLDER
        self._offload = offload

    async def read(self, name: str) -> bytes | None:
        """What is in the file. Raises TemporaryError."""
        return await self._offload.run("kept", _read, self._path(name))

    async def keep(self, name: str, content: bytes) -> None:
        """Write the file and make it durable. Raises TemporaryError, the old content still there."""
        await self._offload.run("kept", _write, self._path(name), content)

    async def drop(self, name: str) -> None:
        """Remove the file. Raises TemporaryError."""
        await self._offload.run("kept", _remove, self._path(name))

    def _path(self, name: str) -> Path:
        if not _NAME.match(name):
            raise ValueError(f"{name!r} is no name of something kept")
        return self._folder / name


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TemporaryError(f"{path} cannot be read: {error.strerror or error}") from error


def _write(path: Path, content: bytes) -> None:
    # A name ends in no `~`, so a draft is nobody's file.
    draft = path.with_name(f"{path.name}~")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _leave_to(path.parent.parent, path.parent)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _leave_to(path.parent, draft)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise TemporaryError(f"{path} cannot be written: {error.strerror or error}") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)
    except OSError as error:
        raise TemporaryError(f"{path} cannot be removed: {error.strerror or error}") from error


def _leave_to(folder: Path, path: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
