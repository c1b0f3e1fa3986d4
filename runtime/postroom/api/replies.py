"""An agent's answer to a customer: taken in whole, rendered by the desk, and committed with its Idempotency-Key.

A 201 means the reply is durable and will be tried; what became of it is shown with the conversation.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from postroom.api.access import name_of, session_for, tenant_of
from postroom.api.auth import Caller
from postroom.api.idempotency import Answer, Asked, Repeatable, answered_before, as_response, ok, once
from postroom.api.limits import ATTACHMENTS_LIMIT, BODY_LIMIT, REPLY_BODY_LIMIT
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, problem, stale
from postroom.ports.desk import NewAttachment, PreparedReply, ReplyRequest, Stale
from postroom.ports.records import Reply
from postroom.ports.store import Tx
from postroom.session.state import SessionId

Addresses = Annotated[tuple[Annotated[str, Meta(max_length=320)], ...], Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=BODY_LIMIT)]


class FileBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the reply; its content is base64 (RFC 4648 §4)."""

    name: Annotated[str, Meta(max_length=255)]
    content: bytes
    content_type: Annotated[str, Meta(max_length=127)] = "application/octet-stream"


class ReplyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent. Without `to` the answer goes to whom the newest customer mail asks to be answered."""

    token: Annotated[str, Meta(min_length=1, max_length=128)]
    text: Text
    html: Text | None = None
    subject: Annotated[str, Meta(max_length=998)] | None = None
    to: Addresses | None = None
    cc: Addresses = ()
    bcc: Addresses = ()
    attachments: Annotated[tuple[FileBody, ...], Meta(max_length=100)] = ()


class AcceptedRecipient(Struct, frozen=True, kw_only=True):
    """Who will get the reply, and in which field."""

    address: str
    field: str
    state: str


class AcceptedReply(Struct, frozen=True, kw_only=True):
    """A reply that is durable."""

    reply: str
    mail: str
    conversation: str
    session: str
    message_id: str
    state: str
    accepted_at: datetime
    recipients: tuple[AcceptedRecipient, ...]


@post(
    "/sessions/{session_id:str}/replies",
    summary="Answer the customer",
    status_code=HTTPStatus.CREATED,
    request_max_body_size=REPLY_BODY_LIMIT,
)
async def reply(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[ReplyBody]
) -> Response[AcceptedReply]:
    """Take a reply in. The Idempotency-Key is required: a reply sent twice cannot be called back."""
    caller = repeatable.caller
    if repeatable.key is None:
        raise problem(HTTPStatus.BAD_REQUEST, "A reply needs an Idempotency-Key.", "idempotency-key-missing")
    if sum(len(file.content) for file in data.attachments) > ATTACHMENTS_LIMIT:
        raise problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "All files together may be 25 MB.", "attachments-too-large")
    before = await answered_before(parts, repeatable)
    if before is not None:
        return as_response(before)
    await parts.store.read(lambda tx: _look(tx, parts, caller, SessionId(session_id), data.token))
    prepared = await parts.desk.prepare(_request(caller, SessionId(session_id), data))
    return as_response(await _submit(parts, repeatable, prepared))


def _look(tx: Tx, parts: ApiParts, caller: Caller, session: SessionId, token: str) -> None:
    """Refuse early, before anything is rendered, what the submission would refuse anyway."""
    tenant = tenant_of(parts.current(), caller)
    found = session_for(tx, session, tenant, caller)
    owner = found.assignment
    if owner is None or (owner.agent, owner.token) != (caller.account, token) or not found.is_open:
        holder = found.holder or (owner.agent if owner else "")
        raise stale("the session is not yours to answer", name_of(tenant, holder) if holder else "")


def _request(caller: Caller, session: SessionId, data: JSONBody[ReplyBody]) -> ReplyRequest:
    return ReplyRequest(
        tenant=caller.tenant,
        agent=caller.account,
        session=session,
        token=data.token,
        text=data.text,
        html=data.html,
        subject=data.subject,
        to=data.to,
        cc=data.cc,
        bcc=data.bcc,
        attachments=tuple(
            NewAttachment(name=file.name, content_type=file.content_type, content=file.content)
            for file in data.attachments
        ),
    )


async def _submit(parts: ApiParts, asked: Repeatable, prepared: PreparedReply) -> Answer:
    tenant = tenant_of(parts.current(), asked.caller)

    def unit(tx: Tx) -> Answer | Problem:
        session_for(tx, prepared.request.session, tenant, asked.caller)
        return ok(_accepted(parts.desk.submit(tx, prepared)), HTTPStatus.CREATED)

    try:
        return await once(parts, asked, unit)
    except Stale as error:
        raise stale(error.words, name_of(tenant, error.holder) if error.holder else "") from error


def _accepted(reply: Reply) -> AcceptedReply:
    return AcceptedReply(
        reply=reply.id,
        mail=reply.mail,
        conversation=reply.conversation,
        session=reply.session,
        message_id=reply.message_id,
        state=reply.state.value,
        accepted_at=reply.accepted_at,
        recipients=tuple(
            AcceptedRecipient(address=one.address, field=one.field, state=one.state.value) for one in reply.recipients
        ),
    )


ROUTES = (reply,)
