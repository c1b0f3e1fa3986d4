"""Files in parts (RFC 9110 §14): one range a request, under a validator made of a hash.

A file is sent as it is read: never more of it is in memory than a piece.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Iterator
from http import HTTPStatus
from typing import IO, Any

from litestar import Request
from litestar.response import Stream

from postroom.api.disposition import attachment_disposition
from postroom.api.headers import FILE_HEADERS
from postroom.api.problems import Problem, problem
from postroom.errors import TemporaryError
from postroom.ports.desk import Content
from postroom.ports.world import Offload

LANE = "attachments"
PIECE = 1 << 18

# RFC 2046 §4.5.1: octet-stream is what a receiver shall only save
OCTETS = "application/octet-stream"

# RFC 9110 §14.1.2: the first and last position, or how many of the last
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class FileContent:
    """ports.desk.Content over a whole file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to before `stop`."""
        try:
            self._file.seek(start)
            while start < stop and (piece := self._file.read(min(PIECE, stop - start))):
                yield piece
                start += len(piece)
        except OSError as error:
            raise TemporaryError(f"a file cannot be read now: {error.strerror or error}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def file_answer(  # noqa: PLR0917 what a file is answered with
    request: Request[Any, Any, Any], offload: Offload, content: Content, name: str, tag: str, media_type: str = OCTETS
) -> Stream:
    """The file, or the part the request asks for, sent as it is read; `tag` changes with the content.

    Closes the content, at the latest once all of it was sent. Raises the 416 problem.
    """
    try:
        part = _wanted(request, content.size, tag)
    except Problem:
        content.close()
        raise
    headers = {
        **FILE_HEADERS,
        "Accept-Ranges": "bytes",
        "Content-Disposition": attachment_disposition(name),
        "ETag": f'"{tag}"',
    }
    status, shown = HTTPStatus.OK, range(content.size)
    if part is not None:
        status, shown = HTTPStatus.PARTIAL_CONTENT, part
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{content.size}"
    headers["Content-Length"] = str(len(shown))
    return Stream(_sent(offload, content, shown), status_code=status, media_type=media_type, headers=headers)


async def _sent(offload: Offload, content: Content, shown: range) -> AsyncGenerator[bytes]:
    """The bytes as they are wanted. Once an answer has begun, an error can only cut it short."""
    pieces = content.pieces(shown.start, shown.stop)
    try:
        while piece := await offload.run(LANE, next, pieces, b""):
            yield piece
    finally:
        content.close()


def _wanted(request: Request[Any, Any, Any], size: int, tag: str) -> range | None:
    """The positions asked for; None for all: where none are asked for, or in a way nobody has to understand."""
    match = _ONE_RANGE.fullmatch(request.headers.get("range", "").strip())
    # RFC 9110 §13.1.5: under another validator the whole is given
    if match is None or match[0] == "bytes=-" or request.headers.get("if-range", f'"{tag}"') != f'"{tag}"':
        return None
    first, last = match[1], match[2]
    if not first:
        found = range(max(0, size - int(last)), size)
    else:
        found = range(int(first), min(size, int(last) + 1 if last else size))
        if last and int(last) < int(first):
            return None
    if not found:
        raise _not_satisfiable(size)
    return found


def _not_satisfiable(size: int) -> Problem:
    found = problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"The file has {size} bytes; none of them are those.")
    return Problem(found.details, {"Content-Range": f"bytes */{size}"})
