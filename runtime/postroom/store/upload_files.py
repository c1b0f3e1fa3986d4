"""The bytes of uploads: files in a folder of their own beside the database, readable by its owner only.

They are no blobs: a blob is named by its content and may be a mail's too, so that it could not be removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from postroom.ports.gateways import Spool
from postroom.ports.records import RawRef
from postroom.store.named_files import DRAFT, NamedFiles
from postroom.store.spool import FileSpool

FOLDER = "uploads"
PIECE = 1 << 18


class UploadFolder:
    """ports.uploads.UploadFiles. Everything here blocks."""

    def __init__(self, store_folder: Path) -> None:
        self._files = NamedFiles(
            store_folder / FOLDER, "", "an upload", "a file that is brought cannot be kept or read"
        )

    def begin(self, name: str) -> Spool:
        """A spool for the bytes of a new one. Raises TemporaryError."""
        self._files.make_folder()
        return FileSpool(self._files.draft(name))

    def keep(self, spool: Spool, name: str) -> RawRef:
        """Make what was written durable, under the name where it is much. Raises TemporaryError."""
        if not isinstance(spool, FileSpool):
            raise TypeError("a spool of these files is needed")
        ref = spool.finish()
        if spool.sync() is not None:
            spool.move(self._files.path(name))
            self._files.sync()
        return ref

    def pieces(self, name: str, raw: RawRef) -> Iterator[bytes]:
        """Its bytes. Raises FileNotFoundError where they are gone, TemporaryError where they cannot be read now."""
        if raw.small is not None:
            yield raw.small
            return
        try:
            with self._files.path(name).open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._files.failed(error) from error

    def names(self) -> Sequence[str]:
        """The names under which there is anything. Raises TemporaryError."""
        try:
            return sorted({one.name.removesuffix(DRAFT) for one in self._files.folder.iterdir()})
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._files.failed(error) from error

    def drop(self, name: str) -> None:
        """Remove what there is under the name. Raises TemporaryError."""
        self._files.drop(name)
