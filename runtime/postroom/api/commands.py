"""What commands about a session have in common: the unit that brings one, and the answer where it comes too late.

A command names the token of the offer or assignment it is about. What comes too late is decided, written to the journal
and answered 409 with the name of who has the session now; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta, Struct

from postroom.api.access import late, session_for, tenant_of
from postroom.api.auth import Caller
from postroom.api.idempotency import Answer, ok
from postroom.api.parts import ApiParts
from postroom.api.problems import Problem, problem
from postroom.ports.store import Tx
from postroom.session.effects import AnyEffect, Ignore
from postroom.session.events import AnyEvent
from postroom.session.rules.ruling import is_owner
from postroom.session.state import Session, SessionId
from postroom.settings.schema import Tenant

Token = Annotated[str, Meta(min_length=1, max_length=128)]
Reason = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=320)]


class SessionState(Struct, frozen=True, kw_only=True):
    """Where a session stands after a command; `owner` is the account it is assigned to, or empty.

    `kept_for` is who shall have it while it waits: empty after a transfer to an agent who is signed out.
    """

    session: str
    conversation: str
    phase: str
    queue: str
    owner: str
    kept_for: str
    parked_until: datetime | None


def state_view(_tx: Tx, session: Session) -> SessionState:
    """The session as most commands answer with it."""
    return SessionState(
        session=session.id,
        conversation=session.conversation,
        phase=session.phase.value,
        queue=session.queue,
        owner=session.owner,
        kept_for=session.held_for,
        parked_until=session.parked_until,
    )


def command(
    parts: ApiParts,
    caller: Caller,
    session: SessionId,
    event: AnyEvent,
    view: Callable[[Tx, Session], object] = state_view,
) -> Callable[[Tx], Answer | Problem]:
    """Make the unit that brings a command to its session and answers with the session as `view` shows it."""
    tenant = tenant_of(parts.current(), caller)

    def unit(tx: Tx) -> Answer | Problem:
        found = session_for(tx, session, tenant, caller)
        after = bring(tx, parts, caller, found, event)
        return after if isinstance(after, Problem) else ok(view(tx, after))

    return unit


def answer(tx: Tx, after: Session | Problem) -> Answer | Problem:
    """The answer to a command whose session stands so now."""
    return after if isinstance(after, Problem) else ok(state_view(tx, after))


def bring(tx: Tx, parts: ApiParts, caller: Caller, found: Session, event: AnyEvent) -> Session | Problem:
    """Have the event decided: the session as it is then, or the problem why nothing came of it."""
    after, effects = parts.step(tx, found.id, event)
    tenant = tenant_of(parts.current(), caller)
    by_right = bool(getattr(event, "by_supervisor", False)) or is_owner(
        found, caller.account, str(getattr(event, "token", ""))
    )
    if by_right and found.is_open:
        return not_possible(effects) or after
    return too_late(effects, tenant, caller) or after


def too_late(effects: tuple[AnyEffect, ...], tenant: Tenant, caller: Caller) -> Problem | None:
    """The 409 problem where the decision was to ignore the command, with the name of who has the session now."""
    ignored = _ignored(effects)
    if ignored is None:
        return None
    return late(ignored.reason, ignored.holder, tenant, caller)


def not_possible(effects: tuple[AnyEffect, ...]) -> Problem | None:
    """The 409 problem where the command came from the right hand and the rules did not allow it."""
    ignored = _ignored(effects)
    return None if ignored is None else problem(HTTPStatus.CONFLICT, ignored.reason, "not-possible")


def _ignored(effects: tuple[AnyEffect, ...]) -> Ignore | None:
    return next((effect for effect in effects if isinstance(effect, Ignore)), None)
