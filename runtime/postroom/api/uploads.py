"""Files that an agent brings before he sends them: the request's body as it is, kept as it comes.

Mails and drafts name them. What nobody names is gone after a day.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, post
from litestar.exceptions import InternalServerException
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from msgspec import Struct

from postroom.api.auth import SignedIn
from postroom.api.idempotency import Answer, asked_of, audit_entry, refusals_written
from postroom.api.parts import Parts
from postroom.api.problems import Problem, problem
from postroom.api.ranges import OCTETS
from postroom.mail.compose import is_content_type
from postroom.ports.store import Tx
from postroom.ports.uploads import LARGEST_UPLOAD, TooManyUploads, Upload, Uploader, UploadTooLarge


@dataclass
class _RawBody(Operation):
    """An operation whose request is a file and no JSON."""

    def __post_init__(self) -> None:
        octets = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(content={OCTETS: OpenAPIMediaType(schema=octets)})


class UploadView(Struct, frozen=True, kw_only=True):
    """A file that is here: what a mail or draft names it by, and when it is gone unless a draft names it."""

    upload: str
    size: int
    sha256: str
    content_type: str
    expires_at: datetime


@post(
    "/uploads",
    summary="Bring a file that is sent later",
    status_code=HTTPStatus.CREATED,
    request_max_body_size=LARGEST_UPLOAD,
    operation_class=_RawBody,
)
async def upload_file(parts: Parts, request: Request[Any, Any, Any], caller: SignedIn) -> Response[UploadView]:
    """Keep the body, of any type and at most 25 MB, and give it a name. Brought again, it is there twice."""
    asked, by = asked_of(request, caller), Uploader(tenant=caller.tenant, account=caller.account)

    def also(tx: Tx, upload: Upload) -> None:
        tx.audit.add(audit_entry(asked, upload.created_at, Answer(), upload.id))

    async with refusals_written(parts, asked):
        try:
            _check_announced(request)
            await parts.uploads.check_room(by)
            kept = await parts.uploads.take(by, _content_type(request), _chunks(request), also)
        except (UploadTooLarge, TooManyUploads) as error:
            kind = "upload-too-large" if isinstance(error, UploadTooLarge) else "too-many-uploads"
            raise problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error), kind) from error
    return Response(content=_view(kept), status_code=HTTPStatus.CREATED)


def _check_announced(request: Request[Any, Any, Any]) -> None:
    """Raise UploadTooLarge before a byte is read, where the header says it all."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > len(str(LARGEST_UPLOAD)) or int(announced) > LARGEST_UPLOAD):
        raise UploadTooLarge(f"A file may have {LARGEST_UPLOAD} octets.")


def _content_type(request: Request[Any, Any, Any]) -> str:
    kind = str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return kind if is_content_type(kind) else OCTETS


async def _chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body as it comes. Raises the 400 problem where it does not come whole."""
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as error:
        raise _cut_short() from error


def _cut_short() -> Problem:
    return problem(HTTPStatus.BAD_REQUEST, "The file did not arrive whole.")


def _view(upload: Upload) -> UploadView:
    return UploadView(
        upload=upload.id,
        size=upload.raw.size,
        sha256=upload.raw.sha256,
        content_type=upload.content_type,
        expires_at=upload.expires_at,
    )


ROUTES = (upload_file,)
