"""A mail's file and its attachments, read where they lie: a window of the file is in memory, never all of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

from postroom.errors import TemporaryError
from postroom.mail.bodies import attachment_of
from postroom.mail.message import Attachment
from postroom.mail.mime import Part, Tree
from postroom.mail.octets import Octets
from postroom.mail.parse import parts_of
from postroom.ports.desk import Content

WINDOW = 1 << 18
BEHIND = 1024
"""Octets of a window that lie before what was looked for: who searches steps back a little."""


class FileOctets:
    """mail.octets.Octets over an open file. Used by one thread at a time; every call may block."""

    def __init__(self, file: IO[bytes], size: int, *, cr_is_lf: bool = False) -> None:
        """`cr_is_lf` shows an LF in place of every CR."""
        self._file = file
        self._size = size
        self._cr_is_lf = cr_is_lf
        self._at = 0
        self._window = b""

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, where: slice, /) -> bytes:
        start, stop, _ = where.indices(self._size)
        if stop - start > WINDOW:
            return self._read(start, stop - start)
        self._see(start, max(0, stop - start))
        return self._window[start - self._at : max(start, stop) - self._at]

    def find(self, wanted: bytes, start: int = 0, end: int | None = None, /) -> int:
        """Where these octets, fewer than a window, are first found, or -1."""
        start, end, _ = slice(start, end).indices(self._size)
        while start + len(wanted) <= end:
            self._see(start, len(wanted))
            found = self._window.find(wanted, start - self._at, end - self._at)
            if found >= 0:
                return self._at + found
            start = self._at + len(self._window) - len(wanted) + 1
        return -1

    def startswith(self, wanted: bytes, start: int = 0, end: int | None = None, /) -> bool:
        """Whether these octets stand at `start`."""
        start, end, _ = slice(start, end).indices(self._size)
        return self[start : min(start + len(wanted), end)] == wanted

    def _see(self, start: int, length: int) -> None:
        """Have the window cover these octets, as far as the file goes. Raises TemporaryError."""
        if not self._at <= start <= start + length <= self._at + len(self._window):
            at = max(0, start - BEHIND)
            self._window = self._read(at, BEHIND + WINDOW)
            self._at = at

    def _read(self, start: int, length: int) -> bytes:
        try:
            self._file.seek(start)
            found = self._file.read(length)
        except OSError as error:
            raise TemporaryError(f"the bytes of a mail cannot be read now: {error}") from error
        if len(found) < min(length, self._size - start):
            raise TemporaryError("the bytes of a mail end too early")
        return found.replace(b"\r", b"\n") if self._cr_is_lf else found


class AttachmentContent:
    """ports.desk.Content: an attachment, decoded from its mail's file as it is read."""

    def __init__(self, file: IO[bytes], octets: Octets, part: Part, size: int) -> None:
        self._file = file
        self._octets = octets
        self._part = part
        self.size = size

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The octets from `start` to before `stop`; what lies before them is decoded too, and let go."""
        at = 0
        for piece in self._part.pieces(self._octets):
            if at >= stop:
                return
            wanted = piece[max(0, start - at) : stop - at]
            at += len(piece)
            if wanted:
                yield wanted

    def close(self) -> None:
        """Close the mail's file."""
        self._file.close()


def open_attachment(file: IO[bytes], index: int) -> tuple[Attachment, Content] | None:
    """The attachment of that index with its content, which closes the file; None where there is none. Blocking."""
    octets, parts = look_through(file)
    found = attachment_of(octets, parts, index) if parts is not None else None
    if parts is None or found is None:
        return None
    return found, AttachmentContent(file, octets, parts.parts[index], found.size)


def look_through(file: IO[bytes]) -> tuple[Octets, Tree | None]:
    """The mail's octets and its parts; None where no more than its header is read. Blocking."""
    size = file.seek(0, os.SEEK_END)
    octets = FileOctets(file, size)
    if octets.find(b"\n") < 0:
        octets = FileOctets(file, size, cr_is_lf=True)
    return octets, parts_of(octets)
