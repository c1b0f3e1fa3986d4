"""One mail's bytes as they come: in memory while they are few, then in a file; hashed on the way."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from postroom.errors import TemporaryError
from postroom.ports.records import RawRef

SMALL = 64 * 1024
"""Octets a mail may have to stay in memory and be kept in its row."""
BUFFER = 256 * 1024


class FileSpool:
    """ports.gateways.Spool. Used by one thread at a time: first who reads the mail, then who settles it.

    Once the disk refused something the spool is of no more use: a second fsync may succeed without what the first lost.
    """

    __slots__ = ("_broken", "_file", "_hash", "_is_on_disk", "_memory", "_ref", "_size", "path")

    def __init__(self, path: Path) -> None:
        """Begin an empty spool; the file at `path` is made only when it is needed."""
        self.path = path
        self._hash = hashlib.sha256()
        self._size = 0
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self._is_on_disk = False
        self._ref: RawRef | None = None
        self._broken: TemporaryError | None = None

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises TemporaryError where the disk does not take them: the mail must be read again."""
        with self._watched():
            self._hash.update(chunk)
            self._size += len(chunk)
            if self._file is not None:
                self._file.write(chunk)
                return
            self._memory += chunk
            if self._size > SMALL:
                self._move_to_disk()

    def discard(self) -> None:
        """Forget what was written; harmless after it was kept, and twice."""
        self._memory = bytearray()
        if self._file is not None:
            # A full disk fails the last flush too, and these bytes are not wanted.
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        if self._is_on_disk:
            self._is_on_disk = False
            self.path.unlink(missing_ok=True)

    def finish(self) -> RawRef:
        """What it holds; nothing may be written after it."""
        with self._watched():
            if self._ref is None:
                if self._file is not None:
                    self._file.flush()
                small = None if self._is_on_disk else bytes(self._memory)
                self._memory = bytearray()
                self._ref = RawRef(sha256=self._hash.hexdigest(), size=self._size, small=small)
            return self._ref

    def sync(self) -> str | None:
        """Make the file durable where it is; gives its name to be, or None where there is no file. Blocking."""
        with self._watched():
            if not self._is_on_disk:
                return None
            name = self.finish().sha256
            if self._file is not None:
                os.fsync(self._file.fileno())
                self._file.close()
                self._file = None
            return name

    def move(self, target: Path) -> None:
        """Give the durable file its name."""
        with self._watched():
            self.path.replace(target)
            self._is_on_disk = False

    def refuse(self, error: TemporaryError) -> None:
        """Answer everything with this error from now on."""
        self._broken = error

    def _move_to_disk(self) -> None:
        self._file = self.path.open("xb", buffering=BUFFER)
        self._is_on_disk = True
        self._file.write(self._memory)
        self._memory = bytearray()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        if self._broken is not None:
            raise self._broken
        try:
            yield
        except OSError as error:
            self._broken = TemporaryError(f"a mail cannot be kept in {self.path}: {error.strerror or error}")
            raise self._broken from error
