"""Commands an agent gives about a session: accept, decline and end. Each names the token of the offer or assignment.

What comes too late is decided, written to the journal and answered 409; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from postroom.api.access import name_of, session_for, tenant_of
from postroom.api.auth import Caller
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import ApiParts, Parts
from postroom.api.problems import Problem, stale
from postroom.api.work import WorkItem, work_item
from postroom.ports.store import Tx
from postroom.session.effects import AnyEffect, Ignore
from postroom.session.events import AnyEvent, EndRequested, OfferAccepted, OfferDeclined
from postroom.session.state import Session, SessionId
from postroom.settings.schema import Tenant

Token = Annotated[str, Meta(min_length=1, max_length=128)]
Reason = Annotated[str, Meta(max_length=200)]


class AcceptBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which offer is taken."""

    token: Token


class DeclineBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which offer is not taken, and why if he says so."""

    token: Token
    reason: Reason = ""


class EndBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which assignment ends, and why."""

    token: Token
    reason: Annotated[str, Meta(min_length=1, max_length=200)] = "ended_by_agent"


class SessionState(Struct, frozen=True, kw_only=True):
    """Where a session stands after a command."""

    session: str
    conversation: str
    phase: str
    queue: str


@post("/sessions/{session_id:str}/accept", summary="Take an offer", status_code=HTTPStatus.OK)
async def accept(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[AcceptBody]
) -> Response[WorkItem]:
    """Take the session that is offered; a second press is answered like the first."""
    caller = repeatable.caller
    now = parts.clock.now()

    def taken(tx: Tx, session: Session) -> WorkItem:
        return work_item(session, tx.conversations.get(session.conversation), now)

    event = OfferAccepted(agent=caller.account, token=data.token)
    unit = command(parts, caller, SessionId(session_id), event, taken)
    return as_response(await once(parts, repeatable, unit))


@post("/sessions/{session_id:str}/decline", summary="Do not take an offer", status_code=HTTPStatus.OK)
async def decline(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[DeclineBody]
) -> Response[SessionState]:
    """Give the offered session back to its place in the queue."""
    caller = repeatable.caller
    event = OfferDeclined(agent=caller.account, token=data.token, reason=data.reason)
    unit = command(parts, caller, SessionId(session_id), event, _state)
    return as_response(await once(parts, repeatable, unit))


@post("/sessions/{session_id:str}/end", summary="End a session", status_code=HTTPStatus.OK)
async def end(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[EndBody]
) -> Response[SessionState]:
    """End the caller's session; the conversation stays, and a later mail opens a new session in it."""
    caller = repeatable.caller
    event = EndRequested(agent=caller.account, token=data.token, reason=data.reason)
    unit = command(parts, caller, SessionId(session_id), event, _state)
    return as_response(await once(parts, repeatable, unit))


def command(
    parts: ApiParts,
    caller: Caller,
    session: SessionId,
    event: AnyEvent,
    view: Callable[[Tx, Session], object],
) -> Callable[[Tx], Answer | Problem]:
    """Make the unit that brings a command to its session and answers with the session as `view` shows it."""
    tenant = tenant_of(parts.current(), caller)

    def unit(tx: Tx) -> Answer | Problem:
        session_for(tx, session, tenant, caller)
        after, effects = parts.step(tx, session, event)
        return too_late(effects, tenant) or ok(view(tx, after))

    return unit


def too_late(effects: tuple[AnyEffect, ...], tenant: Tenant) -> Problem | None:
    """The 409 problem where the decision was to ignore the command, with the name of who has the session now."""
    ignored = next((effect for effect in effects if isinstance(effect, Ignore)), None)
    if ignored is None:
        return None
    return stale(ignored.reason, name_of(tenant, ignored.holder) if ignored.holder else "")


def _state(_tx: Tx, session: Session) -> SessionState:
    return SessionState(
        session=session.id, conversation=session.conversation, phase=session.phase.value, queue=session.queue
    )


ROUTES = (accept, decline, end)
