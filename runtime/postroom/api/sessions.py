"""Commands an agent gives about a session of his: accept, decline, park, unpark, end and write up."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from postroom.api.access import session_for, tenant_of
from postroom.api.commands import Reason, SessionState, Token, answer, bring, command
from postroom.api.idempotency import Answer, Asked, as_response, once
from postroom.api.parts import Parts
from postroom.api.problems import Problem, problem, refused
from postroom.api.work import WorkItem, work_item
from postroom.ports.store import Tx
from postroom.session.events import (
    EndRequested,
    OfferAccepted,
    OfferDeclined,
    ParkEnded,
    SessionParked,
    WrapUpDone,
)
from postroom.session.rules.ruling import is_owner
from postroom.session.state import Session, SessionId
from postroom.settings.schema import Tenant

PARKED_AT_MOST = timedelta(days=366)


class TokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which offer or assignment is meant."""

    token: Token


class DeclineBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which offer is not taken, and why if he says so."""

    token: Token
    reason: Reason = ""


class ParkBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which session is put aside, and until when; without a time, until the customer writes."""

    token: Token
    until: Annotated[datetime, Meta(tz=True)] | None = None


class EndBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which assignment ends, and why."""

    token: Token
    reason: Annotated[str, Meta(min_length=1, max_length=200)] = "ended_by_agent"


class WrapUpBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the session was."""

    token: Token
    code: Annotated[str, Meta(max_length=100)] = ""


@post("/sessions/{session_id:str}/accept", summary="Take an offer", status_code=HTTPStatus.OK)
async def accept(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[TokenBody]
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
    return as_response(await once(parts, repeatable, command(parts, caller, SessionId(session_id), event)))


@post("/sessions/{session_id:str}/park", summary="Put a session aside", status_code=HTTPStatus.OK)
async def park(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[ParkBody]
) -> Response[SessionState]:
    """Give its place free until that time, or until the customer writes."""
    caller, now = repeatable.caller, parts.clock.now()
    if data.until is not None and not now < data.until <= now + PARKED_AT_MOST:
        raise refused(f"until: it must be a time to come, within {PARKED_AT_MOST.days} days")
    event = SessionParked(agent=caller.account, token=data.token, until=data.until)
    return as_response(await once(parts, repeatable, command(parts, caller, SessionId(session_id), event)))


@post("/sessions/{session_id:str}/unpark", summary="Take in hand what was put aside", status_code=HTTPStatus.OK)
async def unpark(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[TokenBody]
) -> Response[SessionState]:
    """Take its place again before the time came."""
    caller = repeatable.caller
    tenant = tenant_of(parts.current(), caller)

    def unit(tx: Tx) -> Answer | Problem:
        found = session_for(tx, SessionId(session_id), tenant, caller)
        if is_owner(found, caller.account, data.token) and found.parked_since is not None:
            return answer(tx, bring(tx, parts, caller, found, ParkEnded()))
        if is_owner(found, caller.account, data.token) and found.is_open:
            return problem(HTTPStatus.CONFLICT, "the session is not put aside", "not-possible")
        # The rule of parking says whose it is, and who has it now.
        return answer(tx, bring(tx, parts, caller, found, SessionParked(agent=caller.account, token=data.token)))

    return as_response(await once(parts, repeatable, unit))


@post("/sessions/{session_id:str}/end", summary="End a session", status_code=HTTPStatus.OK)
async def end(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[EndBody]
) -> Response[SessionState]:
    """End the caller's session; the conversation stays, and a later mail opens a new session in it."""
    caller = repeatable.caller
    event = EndRequested(agent=caller.account, token=data.token, reason=data.reason)
    return as_response(await once(parts, repeatable, command(parts, caller, SessionId(session_id), event)))


@post("/sessions/{session_id:str}/wrap-up", summary="Say what a session was", status_code=HTTPStatus.OK)
async def wrap_up(
    parts: Parts, repeatable: Asked, session_id: FromPath[str], data: JSONBody[WrapUpBody]
) -> Response[SessionState]:
    """Close what is being written up, with its code."""
    caller = repeatable.caller
    tenant = tenant_of(parts.current(), caller)

    def unit(tx: Tx) -> Answer | Problem:
        found = session_for(tx, SessionId(session_id), tenant, caller)
        _check_code(tenant, found, data.code)
        event = WrapUpDone(agent=caller.account, token=data.token, code=data.code)
        return answer(tx, bring(tx, parts, caller, found, event))

    return as_response(await once(parts, repeatable, unit))


def _check_code(tenant: Tenant, session: Session, code: str) -> None:
    """Raise the 422 problem where the queue, or else the tenant, lists codes and this is none of them."""
    queue = tenant.queue(session.queue)
    known = (queue.wrap_up_codes if queue is not None else ()) or tenant.wrap_up_codes
    if code and known and code not in known:
        raise refused(f"code: it is one of {', '.join(known)}")


ROUTES = (accept, decline, park, unpark, end, wrap_up)
