"""Mails by themselves: the newest with what was decided about each, and their bytes, files and HTML.

Bytes that came by mail leave here as a download or as a cleaned frame, never as something a browser runs.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath, PathParameter, QueryParameter
from litestar.response import Stream
from msgspec import Struct

from postroom.api import html
from postroom.api.access import mail_for, may_see_mail, session_of, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.headers import FILE_HEADERS, FRAME_HEADERS
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import not_found, problem
from postroom.api.ranges import OCTETS, FileContent, file_answer
from postroom.errors import PermanentError
from postroom.mail.message import Message
from postroom.ports.desk import Content
from postroom.ports.records import StoredMail, TraceLine
from postroom.ports.store import Tx
from postroom.session.state import Session
from postroom.settings.schema import Tenant

LOOK_THROUGH = 4
"""Rows read for each one wanted: some of the newest are other queues'."""

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many mails at most.")]
Index = Annotated[int, PathParameter(ge=0, le=1_000_000)]


class MailRow(Struct, frozen=True, kw_only=True):
    """A mail that came in and what was decided about it."""

    id: str
    received_at: datetime
    gateway: str
    channel: str
    route: str
    from_address: str
    from_name: str
    subject: str
    mail_class: str
    outcome: str
    conversation: str | None
    session: str | None
    phase: str
    queue: str
    agent: str
    attachments: int
    preview: str
    new_participant: bool
    trace: tuple[TraceLine, ...]


class MailRows(Struct, frozen=True, kw_only=True):
    """The newest mails the caller may see, newest first."""

    mails: tuple[MailRow, ...]


@get("/mails", summary="The newest mails and what was decided about each")
async def read_mails(parts: Parts, caller: SignedIn, limit: Limit = 50) -> MailRows:
    """Give the newest incoming mails the caller may see."""
    tenant = tenant_of(parts.current(), caller)
    rows = await parts.store.read(lambda tx: _rows(tx, tenant, caller, limit))
    return MailRows(mails=tuple(rows))


def _rows(tx: Tx, tenant: Tenant, caller: Caller, limit: int) -> list[MailRow]:
    rows = []
    for mail in tx.mails.latest(caller.tenant, limit * LOOK_THROUGH):
        session = session_of(tx, mail)
        if may_see_mail(mail, session, tenant, caller):
            rows.append(_row(mail, session))
        if len(rows) == limit:
            break
    return rows


def _row(mail: StoredMail, session: Session | None) -> MailRow:
    route = next((line.verdict for line in mail.trace if line.step == "route"), "")
    owner = session.assignment.agent if session and session.assignment else ""
    return MailRow(
        id=mail.id,
        received_at=mail.received_at,
        gateway=mail.gateway,
        channel=mail.channel,
        route=route,
        from_address=mail.from_address,
        from_name=mail.from_name,
        subject=mail.subject,
        mail_class=mail.mail_class,
        outcome=mail.outcome.value,
        conversation=mail.conversation,
        session=session.id if session else None,
        phase=session.phase.value if session else "",
        queue=session.queue if session else "",
        agent=(session.holder or owner) if session else "",
        attachments=mail.attachments,
        preview=mail.preview,
        new_participant=mail.new_participant,
        trace=mail.trace,
    )


@get("/mails/{mail_id:str}/raw", summary="The mail's bytes as they came", media_type=OCTETS)
async def read_raw(parts: Parts, caller: SignedIn, request: Request[Any, Any, Any], mail_id: FromPath[str]) -> Stream:
    """Give the mail as a file to save, or the range asked for."""
    mail = await _mail(parts, caller, mail_id)
    try:
        raw = FileContent(await parts.reader.open_raw(mail.sha256))
    except PermanentError as error:
        raise _gone() from error
    return file_answer(request, parts.offload, raw, f"{mail.id}.eml", mail.sha256)


@get("/mails/{mail_id:str}/attachments/{index:int}", summary="A file of the mail", media_type=OCTETS)
async def read_attachment(
    parts: Parts, caller: SignedIn, request: Request[Any, Any, Any], mail_id: FromPath[str], index: Index
) -> Stream:
    """Give an attachment to save, whatever it says it is, or the range asked for."""
    mail = await _mail(parts, caller, mail_id)
    try:
        found = await parts.reader.open_attachment(mail.sha256, index)
    except PermanentError as error:
        raise _gone() from error
    if found is None:
        raise not_found()
    attachment, content = found
    return file_answer(request, parts.offload, content, attachment.name, f"{mail.sha256}-{index}")


@get("/mails/{mail_id:str}/html", summary="The mail's HTML, cleaned, for a frame", media_type=MediaType.HTML)
async def read_html(parts: Parts, caller: SignedIn, mail_id: FromPath[str]) -> Response[str]:
    """Give the mail's HTML without anything that acts, fetches or follows."""
    mail = await _mail(parts, caller, mail_id)
    message = await _message(parts, mail)
    if message.html is None:
        raise not_found()
    if html.is_too_large(message.html):
        raise problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "This HTML is too large to be cleaned; read the text.",
            "html-too-large",
        )
    pictures = await _pictures(parts, mail, message)
    shown = await parts.offload.run("html", html.clean, message.html, pictures)
    return Response(content=shown, media_type=MediaType.HTML, headers=FRAME_HEADERS)


async def _pictures(parts: ApiParts, mail: StoredMail, message: Message) -> dict[str, tuple[str, bytes]]:
    """Content types and octets of the pictures its HTML may show, by their Content-ID."""
    found: dict[str, tuple[str, bytes]] = {}
    for file in html.pictures_of(message):
        read = await parts.reader.open_attachment(mail.sha256, file.index)
        if read is not None and file.content_id:
            found[file.content_id] = (file.content_type, await parts.offload.run("attachments", _whole, read[1]))
    return found


def _whole(content: Content) -> bytes:
    with closing(content):
        return b"".join(content.pieces(0, content.size))


@get("/mails/{mail_id:str}/text", summary="The mail's text", media_type=MediaType.TEXT)
async def read_text(parts: Parts, caller: SignedIn, mail_id: FromPath[str]) -> Response[str]:
    """Give all of the mail's text, of a mail of HTML alone what it says."""
    message = await _message(parts, await _mail(parts, caller, mail_id))
    return Response(content=message.text, media_type=MediaType.TEXT, headers=FILE_HEADERS)


class Trace(Struct, frozen=True, kw_only=True):
    """Everything that was decided about a mail, in order."""

    trace: tuple[TraceLine, ...]


@get("/mails/{mail_id:str}/trace", summary="Everything that was decided about the mail")
async def read_trace(parts: Parts, caller: SignedIn, mail_id: FromPath[str]) -> Trace:
    """Give each verdict with its evidence, those of later decisions too."""
    tenant = tenant_of(parts.current(), caller)
    (mail,) = await parts.store.read(lambda tx: parts.traced(tx, (mail_for(tx, mail_id, tenant, caller),)))
    return Trace(trace=mail.trace)


async def _mail(parts: ApiParts, caller: Caller, mail: str) -> StoredMail:
    tenant = tenant_of(parts.current(), caller)
    return await parts.store.read(lambda tx: mail_for(tx, mail, tenant, caller))


async def _message(parts: ApiParts, mail: StoredMail) -> Message:
    try:
        return await parts.reader.message(mail.sha256)
    except PermanentError as error:
        raise _gone() from error


def _gone() -> Exception:
    return problem(HTTPStatus.GONE, "The bytes of this mail are not kept any more.")


ROUTES = (read_mails, read_trace, read_raw, read_attachment, read_html, read_text)
