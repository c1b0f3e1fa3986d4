"""Reads what mail programs keep mails in: an mbox file, a Maildir, a folder of .eml files. It only reads.

A mailbox file may be broken in places: a line that looks like a separator and is none stays in its mail and is counted,
and a mail is never held in memory before its turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from postroom.errors import PermanentError
from postroom.mail.parse import header_only
from postroom.wiring.simulation.run import Arriving

HEADER = 64 * 1024
LONGEST_LINE = 64 * 1024
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|>From ")
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Mailbox(Struct, frozen=True, kw_only=True):
    """The mails of a mailbox, and what was odd about it, in sentences."""

    mails: tuple[Arriving, ...]
    oddities: tuple[str, ...] = ()


class _Piece(Struct, frozen=True):
    """Where a mail lies in a file."""

    start: int
    end: int


def read_mailbox(path: Path) -> Mailbox:
    """Find every mail; blocking. Raises PermanentError with words where there is no mailbox."""
    try:
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as opened:
            return _mbox(path, opened)
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror or error}") from error


def time_of(head: bytes) -> datetime | None:
    """When the mail came: its topmost Received date, else its Date."""
    message = header_only(head)
    found = message.received_at or message.date
    return found.astimezone(UTC) if found else None


def _folder(path: Path) -> Mailbox:
    is_maildir = (path / "cur").is_dir() or (path / "new").is_dir()
    files = sorted(path.glob("*.eml"))
    if is_maildir:
        files = sorted(file for part in ("cur", "new") for file in (path / part).glob("*") if file.is_file())
    if not files:
        raise PermanentError(f"{path} holds no mail: neither a Maildir's cur and new, nor a file that ends in .eml")
    found = [_file(file, file.relative_to(path)) for file in files]
    return _mailbox(found, [])


def _file(file: Path, name: Path) -> tuple[str, datetime | None, int, partial[bytes]]:
    with file.open("rb") as opened:
        head = opened.read(HEADER)
    return str(name), time_of(head), file.stat().st_size, partial(_beginning, file)


def _mbox(path: Path, opened: BinaryIO) -> Mailbox:
    oddities: list[str] = []
    pieces = list(_pieces(opened, oddities))
    if not pieces:
        raise PermanentError(f"{path} is no mailbox file: no line in it begins with 'From ' and a mail after it")
    found = []
    for number, piece in enumerate(pieces, 1):
        opened.seek(piece.start)
        head = opened.read(min(HEADER, piece.end - piece.start))
        found.append((f"mail {number}", time_of(head), piece.end - piece.start, partial(_read, path, piece)))
    return _mailbox(found, oddities)


def _mailbox(found: list[tuple[str, datetime | None, int, partial[bytes]]], oddities: list[str]) -> Mailbox:
    """The mails that have a time; who cannot say when it came cannot be put into an order."""
    timeless = [name for name, at, _, _ in found if at is None]
    if timeless:
        oddities = [*oddities, f"{len(timeless)} without a Received or Date that can be read: {_some(timeless)}"]
    mails = tuple(Arriving(at=at, name=name, size=size, read=read) for name, at, size, read in found if at is not None)
    return Mailbox(mails=mails, oddities=tuple(oddities))


def _pieces(opened: BinaryIO, oddities: list[str]) -> Iterator[_Piece]:
    """Where each mail lies: between lines that begin with `From ` after a blank line and before a header field."""
    start: int | None = None
    separator: int | None = None
    at, after_blank, strange = 0, True, 0
    is_whole = True
    while line := opened.readline(LONGEST_LINE):
        if separator is not None and is_whole:
            if _FIELD.match(line):
                if start is not None:
                    yield _Piece(start, separator)
                start = at
            else:
                strange += 1
            separator = None
        if is_whole and line.startswith(b"From "):
            separator = at if after_blank else None
            strange += not after_blank
        after_blank, is_whole = line in {b"\n", b"\r\n"}, line.endswith(b"\n")
        at += len(line)
    if start is not None:
        yield _Piece(start, at)
    if strange:
        oddities.append(f"{strange} lines begin with 'From ' and separate no mails: they were left where they stand")


def _beginning(file: Path, at_most: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(at_most)


def _read(path: Path, piece: _Piece, at_most: int) -> bytes:
    with path.open("rb") as opened:
        opened.seek(piece.start)
        raw = opened.read(min(piece.end - piece.start, at_most))
    return _ESCAPED.sub(rb"\1", raw)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")  # noqa: PLR2004 as many as a line holds
