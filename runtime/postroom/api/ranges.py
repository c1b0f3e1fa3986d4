"""Files in parts (RFC 9110 §14): one range a request, under a validator made of a hash."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from litestar import Request, Response

from postroom.api.disposition import attachment_disposition
from postroom.api.headers import FILE_HEADERS
from postroom.api.problems import Problem, problem

# RFC 2046 §4.5.1: octet-stream is what a receiver shall only save
OCTETS = "application/octet-stream"

# RFC 9110 §14.1.2: the first and last position, or how many of the last
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def file_answer(request: Request[Any, Any, Any], content: bytes, name: str, tag: str) -> Response[bytes]:
    """The file, or the part the request asks for; `tag` changes with the content. Raises the 416 problem."""
    headers = {
        **FILE_HEADERS,
        "Accept-Ranges": "bytes",
        "Content-Disposition": attachment_disposition(name),
        "ETag": f'"{tag}"',
    }
    part = _wanted(request, len(content), tag)
    if part is None:
        return Response(content=content, media_type=OCTETS, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    shown = content[part.start : part.stop]
    return Response(content=shown, status_code=HTTPStatus.PARTIAL_CONTENT, media_type=OCTETS, headers=headers)


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
