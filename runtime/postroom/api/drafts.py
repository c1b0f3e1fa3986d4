"""What an agent wrote and did not send yet: kept once an agent and session, and shown to whoever has it next.

A draft is its author's: nobody else changes it. One that comes too late is kept too, where the session was the
author's before, so that nothing typed is lost.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, field

from postroom.api.access import Act, name_of, session_for, tenant_of
from postroom.api.attachments import Files, attached, for_draft
from postroom.api.auth import Caller, SignedIn
from postroom.api.commands import Token, bring
from postroom.api.draft_tags import Unless, check_unchanged, draft_tag
from postroom.api.idempotency import Answer, Asked, answered_before, as_response, ok, once, refusals_written
from postroom.api.limits import BODY_LIMIT, REPLY_BODY_LIMIT
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem
from postroom.ports.records import Draft, DraftContent, DraftFile
from postroom.ports.store import Tx
from postroom.session.effects import AssignToAgent
from postroom.session.events import WorkSaved
from postroom.session.rules.ruling import is_owner
from postroom.session.state import Session, SessionId
from postroom.settings.schema import Tenant

Addresses = Annotated[tuple[Annotated[str, Meta(max_length=320)], ...], Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=BODY_LIMIT)]
Sender = Literal["", "channel", "personal"]
Canned = Annotated[str, Meta(max_length=64)]
Language = Annotated[str, Meta(max_length=35)]


class DraftBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it says so far; nothing of it is checked before it is sent."""

    token: Token
    text: Text = ""
    html: Text | None = None
    subject: Annotated[str, Meta(max_length=998)] | None = None
    to: Addresses | None = None
    cc: Addresses = ()
    bcc: Addresses = ()
    attachments: Files = ()
    """A file that comes in base64 is kept as an upload."""
    sender: Sender = field(default="", name="from")
    quote: bool = False
    canned: Canned = ""
    language: Language = ""


class DraftView(Struct, frozen=True, kw_only=True):
    """A draft with its author; `mine` is whether the caller may change it, `etag` stands for what it says."""

    session: str
    agent: str
    agent_name: str
    mine: bool
    saved_at: datetime
    text: str
    html: str | None
    subject: str | None
    to: tuple[str, ...] | None
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    attachments: tuple[DraftFile, ...]
    sender: str = field(name="from")
    quote: bool
    canned: str
    language: str
    etag: str


class Drafts(Struct, frozen=True, kw_only=True):
    """Every draft of the session, the oldest first."""

    drafts: tuple[DraftView, ...]


@put(
    "/sessions/{session_id:str}/draft",
    summary="Keep my draft",
    status_code=HTTPStatus.OK,
    request_max_body_size=REPLY_BODY_LIMIT,
)
async def save_draft(
    parts: Parts, repeatable: Asked, unless: Unless, session_id: FromPath[str], data: JSONBody[DraftBody]
) -> Response[DraftView]:
    """Keep it instead of the one before; an agent who is at it has his time to answer begin anew, once.

    With `If-Match` only where the draft is still what it was read as, with `If-None-Match: *` only where there is none.
    """
    caller, now, session = repeatable.caller, parts.clock.now(), SessionId(session_id)
    tenant = tenant_of(parts.current(), caller)
    before = await answered_before(parts, repeatable)
    if before is not None:
        return _tagged(before)
    async with refusals_written(parts, repeatable):
        said = await _said(parts, caller, session, data)

    def unit(tx: Tx) -> Answer | Problem:
        found = session_for(tx, session, tenant, caller)
        check_unchanged(tx.drafts.get(session, caller.account), unless)
        draft = draft_of(found, caller.account, said, now)
        if is_owner(found, caller.account, data.token) and found.is_open:
            tx.drafts.save(draft)
            # Where the customer has the word nobody's time runs, and the draft is kept all the same.
            parts.step(tx, found.id, WorkSaved(agent=caller.account, token=data.token))
            return ok(draft_view(draft, tenant, caller))
        keep_late(tx, found, draft, data.token)
        late = bring(tx, parts, caller, found, WorkSaved(agent=caller.account, token=data.token))
        return late if isinstance(late, Problem) else ok(draft_view(draft, tenant, caller))

    return _tagged(await once(parts, repeatable, unit))


def _tagged(answer: Answer) -> Response[DraftView]:
    """The draft with its ETag."""
    response = as_response(answer)
    response.headers["ETag"] = msgspec.json.decode(answer.body)["etag"]
    return response


async def _said(parts: ApiParts, caller: Caller, session: SessionId, data: DraftBody) -> DraftContent:
    """What the draft will say, its files kept."""
    await parts.store.read(lambda tx: session_for(tx, session, tenant_of(parts.current(), caller), caller))
    files = await attached(parts, caller, data.attachments, session)
    return DraftContent(
        text=data.text,
        html=data.html,
        subject=data.subject,
        to=data.to,
        cc=data.cc,
        bcc=data.bcc,
        attachments=await for_draft(parts, caller, files),
        sender=data.sender,
        quote=data.quote,
        canned=data.canned,
        language=data.language,
    )


def keep_late(tx: Tx, found: Session, draft: Draft, token: str) -> None:
    """Keep a draft that comes too late, where the token was its author's once."""
    entries = tx.journal.of_conversation(found.conversation)
    once_his = AssignToAgent(agent=draft.agent, token=token)
    if any(once_his in entry.effects for entry in entries if entry.session == found.id):
        tx.drafts.save(draft)


def draft_of(found: Session, agent: str, said: DraftContent, now: datetime) -> Draft:
    """The agent's draft in that session."""
    conversation = found.conversation
    return Draft(
        tenant=found.tenant, conversation=conversation, session=found.id, agent=agent, saved_at=now, content=said
    )


@get("/sessions/{session_id:str}/drafts", summary="What was written and not sent")
async def read_drafts(parts: Parts, caller: SignedIn, session_id: FromPath[str]) -> Drafts:
    """Give the drafts of a session, each with its author."""
    tenant = tenant_of(parts.current(), caller)

    def found(tx: Tx) -> tuple[DraftView, ...]:
        session = session_for(tx, SessionId(session_id), tenant, caller, Act.SEE)
        conversation = tx.conversations.current(session.conversation)
        drafts = tx.drafts.of_conversation(conversation.id) if conversation is not None else ()
        return tuple(draft_view(one, tenant, caller) for one in drafts if one.session == session.id)

    return Drafts(drafts=await parts.store.read(found))


@delete("/sessions/{session_id:str}/draft", summary="Forget my draft", status_code=HTTPStatus.NO_CONTENT)
async def forget_draft(parts: Parts, repeatable: Asked, unless: Unless, session_id: FromPath[str]) -> Response[None]:
    """Forget the caller's draft of that session, if he has one; with `If-Match` only where it is still what it was."""
    caller = repeatable.caller
    tenant = tenant_of(parts.current(), caller)

    def unit(tx: Tx) -> Answer:
        session = session_for(tx, SessionId(session_id), tenant, caller, Act.SEE)
        check_unchanged(tx.drafts.get(session.id, caller.account), unless)
        tx.drafts.drop(session.id, caller.account)
        return Answer(status=HTTPStatus.NO_CONTENT)

    return as_response(await once(parts, repeatable, unit))


def draft_view(draft: Draft, tenant: Tenant, caller: Caller) -> DraftView:
    """One draft as the caller sees it."""
    content = draft.content
    return DraftView(
        session=draft.session,
        agent=draft.agent,
        agent_name=name_of(tenant, draft.agent),
        mine=draft.agent == caller.account,
        saved_at=draft.saved_at,
        text=content.text,
        html=content.html,
        subject=content.subject,
        to=content.to,
        cc=content.cc,
        bcc=content.bcc,
        attachments=content.attachments,
        sender=content.sender,
        quote=content.quote,
        canned=content.canned,
        language=content.language,
        etag=draft_tag(draft),
    )


ROUTES = (save_draft, read_drafts, forget_draft)
