"""An agent's answer to a customer: taken in whole, rendered by the desk, and committed with its Idempotency-Key.

A 201 means the reply is durable and will be tried; what became of it is shown with the conversation.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, field

from postroom.api.access import late, session_for, tenant_of
from postroom.api.attachments import Files, attached, for_draft
from postroom.api.auth import Caller
from postroom.api.drafts import Addresses, Canned, Language, Sender, Text, draft_of, keep_late
from postroom.api.idempotency import (
    Answer,
    Asked,
    Repeatable,
    answered_before,
    as_response,
    ok,
    once,
    refusals_written,
)
from postroom.api.limits import REPLY_BODY_LIMIT
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, problem
from postroom.ports.desk import NewAttachment, PreparedReply, ReplyRequest, Stale
from postroom.ports.records import DraftContent, Reply
from postroom.ports.store import Tx
from postroom.session.state import SessionId


class ReplyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent. Without `to` the answer goes to whom the newest customer mail asks to be answered."""

    token: Annotated[str, Meta(min_length=1, max_length=128)]
    text: Text
    html: Text | None = None
    subject: Annotated[str, Meta(max_length=998)] | None = None
    to: Addresses | None = None
    cc: Addresses = ()
    bcc: Addresses = ()
    attachments: Files = ()
    sender: Sender = field(default="", name="from")
    """Whose address it bears: the channel's, or the agent's own, which is preset where the channel lets it."""
    quote: bool = False
    canned: Canned = ""
    """The name of a canned answer that follows the text."""
    language: Language = ""
    """The language of the canned answer, where it has several."""


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
    sender: str = ""
    """`personal` where it bears the agent's own address, and why it does not where that was asked; else empty."""


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
    tenant = tenant_of(parts.current(), caller)
    needs_key(repeatable)
    before = await answered_before(parts, repeatable)
    if before is not None:
        return as_response(before)
    session = SessionId(session_id)
    try:
        async with refusals_written(parts, repeatable):
            request = _request(caller, session, data, await attached(parts, caller, data.attachments, session))
            prepared = await _prepared(parts, caller, request)
        return as_response(await _submit(parts, repeatable, prepared))
    except Stale as error:
        await _keep_as_draft(parts, caller, request)
        raise late(error.words, error.holder, tenant, caller) from error


async def _prepared(parts: ApiParts, caller: Caller, request: ReplyRequest) -> PreparedReply:
    """The reply, rendered. Raises Refused and Stale."""
    await parts.store.read(lambda tx: _look(tx, parts, caller, request.session, request.token))
    return await parts.desk.prepare(request)


async def _keep_as_draft(parts: ApiParts, caller: Caller, request: ReplyRequest) -> None:
    """What was written too late is not lost: it is shown, as a draft, to who has the session now."""
    now = parts.clock.now()
    said = DraftContent(
        text=request.text,
        html=request.html,
        subject=request.subject,
        to=request.to,
        cc=request.cc,
        bcc=request.bcc,
        attachments=await for_draft(parts, caller, request.attachments, or_without=True),
        sender=request.sender,
        quote=request.quote,
        canned=request.canned,
        language=request.language,
    )

    def unit(tx: Tx) -> None:
        found = tx.sessions.get(request.session)
        if found is not None:
            keep_late(tx, found, draft_of(found, request.agent, said, now), request.token)

    await parts.store.write(unit)


def needs_key(asked: Repeatable) -> None:
    """Raise the 400 problem where a mail comes without its Idempotency-Key."""
    if asked.key is None:
        raise problem(HTTPStatus.BAD_REQUEST, "A mail needs an Idempotency-Key.", "idempotency-key-missing")


def _look(tx: Tx, parts: ApiParts, caller: Caller, session: SessionId, token: str) -> None:
    """Refuse early, before anything is rendered, what the submission would refuse anyway."""
    tenant = tenant_of(parts.current(), caller)
    found = session_for(tx, session, tenant, caller)
    owner = found.assignment
    if owner is None or (owner.agent, owner.token) != (caller.account, token) or not found.is_open:
        raise Stale("the session is not yours to answer", found.holder or found.owner)


def _request(caller: Caller, session: SessionId, data: ReplyBody, files: tuple[NewAttachment, ...]) -> ReplyRequest:
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
        attachments=files,
        sender=data.sender,
        quote=data.quote,
        canned=data.canned,
        language=data.language,
    )


async def _submit(parts: ApiParts, asked: Repeatable, prepared: PreparedReply) -> Answer:
    tenant = tenant_of(parts.current(), asked.caller)

    def unit(tx: Tx) -> Answer | Problem:
        session_for(tx, prepared.request.session, tenant, asked.caller)
        reply = parts.desk.submit(tx, prepared)
        tx.drafts.drop(prepared.request.session, asked.caller.account)
        return ok(accepted(reply, prepared.sender), HTTPStatus.CREATED)

    return await once(parts, asked, unit)


def accepted(reply: Reply, sender: str = "") -> AcceptedReply:
    """The reply as it is answered with."""
    return AcceptedReply(
        reply=reply.id,
        mail=reply.mail,
        conversation=reply.conversation,
        session=reply.session,
        message_id=reply.message_id,
        state=reply.state.value,
        accepted_at=reply.accepted_at,
        sender=sender,
        recipients=tuple(
            AcceptedRecipient(address=one.address, field=one.field, state=one.state.value) for one in reply.recipients
        ),
    )


ROUTES = (reply,)
