"""The bytes of uploads: files in a folder of their own beside the database, readable by its owner only.

They are no blobs: a blob is named by its content and may be a mail's too, so that it could not be removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from postroom.errors import TemporaryError
from postroom.ports.gateways import Spool
from postroom.ports.records import RawRef
from postroom.store.database import sync_folder
from postroom.store.spool import FileSpool

FOLDER = "uploads"
PIECE = 1 << 18
_DRAFT = ".part"


class UploadFolder:
    """ports.uploads.UploadFiles. Everything here blocks."""

    def __init__(self, store_folder: Path) -> None:
        self._folder = store_folder / FOLDER

    def begin(self, name: str) -> Spool:
        """A spool for the bytes of a new one. Raises TemporaryError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _failed(error) from error
        return FileSpool(self._draft(name))

    def keep(self, spool: Spool, name: str) -> RawRef:
        """Make what was written durable, under the name where it is much. Raises TemporaryError."""
        if not isinstance(spool, FileSpool):
            raise TypeError("a spool of these files is needed")
        ref = spool.finish()
        if spool.sync() is not None:
            spool.move(self._path(name))
            try:
                sync_folder(self._folder)
            except OSError as error:
                raise _failed(error) from error
        return ref

    def pieces(self, name: str, raw: RawRef) -> Iterator[bytes]:
        """Its bytes. Raises FileNotFoundError where they are gone, TemporaryError where they cannot be read now."""
        if raw.small is not None:
            yield raw.small
            return
        try:
            with self._path(name).open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _failed(error) from error

    def names(self) -> Sequence[str]:
        """The names under which there is anything. Raises TemporaryError."""
        try:
            return sorted({one.name.removesuffix(_DRAFT) for one in self._folder.iterdir()})
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _failed(error) from error

    def drop(self, name: str) -> None:
        """Remove what there is under the name. Raises TemporaryError."""
        try:
            self._draft(name).unlink(missing_ok=True)
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise _failed(error) from error

    def _path(self, name: str) -> Path:
        if not name.isalnum():
            raise ValueError(f"{name!r} is no id of an upload")
        return self._folder / name

    def _draft(self, name: str) -> Path:
        return self._path(name).with_suffix(_DRAFT)


def _failed(error: OSError) -> TemporaryError:
    return TemporaryError(f"a file that is brought cannot be kept or read: {error.strerror or error}")
