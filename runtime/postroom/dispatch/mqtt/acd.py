"""What somebody outside says to an offer of his queue: which agent takes it, or that nobody does. Units of work.

The offer's token is the right to accept, and becomes the assignment's: said twice, it is answered twice and done once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from postroom.dispatch.mqtt.answers import Answer, Refusal
from postroom.ports.broker import ExternalOffer
from postroom.ports.broker_messages import Accept, Decline
from postroom.ports.step import Step
from postroom.ports.store import Topic, Tx
from postroom.session.effects import Ignore
from postroom.session.events import SessionPicked
from postroom.session.rules.ruling import is_owner
from postroom.session.state import Phase, SessionId
from postroom.settings.schema import Tenant

DECLINED_FOR = timedelta(seconds=10)
"""For how long a declined session is left in peace."""


class Taken(Struct, frozen=True, kw_only=True):
    """Where the session stands after a queue's command."""

    session: str
    conversation: str
    phase: str
    queue: str
    owner: str


def accept(tx: Tx, step: Step, tenant: Tenant, queue: str, said: Accept, now: datetime) -> Answer:  # noqa: PLR0917 everything it touches
    """Give the session to the agent he named. Raises Refusal with nothing done."""
    session = tx.sessions.get(said.session)
    if session is not None and session.tenant == tenant.name and is_owner(session, said.agent, said.token):
        return _answer(tx, said.session)
    offer = _standing(tx, tenant.name, queue, said, now)
    if tenant.agent(said.agent) is None:
        raise Refusal(422, "invalid", f"agent: there is no agent {said.agent!r}")
    if not tx.agents.reserve(tenant.name, said.agent, now, session.weight if session is not None else 1):
        raise Refusal(409, "no-place", "The agent is not ready, or has no place left.")
    _after, effects = step(tx, said.session, SessionPicked(agent=said.agent, token=said.token))
    ignored = next((effect for effect in effects if isinstance(effect, Ignore)), None)
    if ignored is not None:
        raise Refusal(409, "stale", ignored.reason)
    tx.broker.withdraw(offer, "taken", now)
    tx.wake(Topic.QUEUES)
    return _answer(tx, said.session)


def decline(tx: Tx, tenant: Tenant, queue: str, said: Decline, now: datetime) -> Answer:
    """Let the session be held out again, a little later. Raises Refusal with nothing done."""
    offer = _standing(tx, tenant.name, queue, said, now)
    tx.broker.withdraw(offer, "declined", now)
    tx.broker.put_offer(_blank(offer, now + DECLINED_FOR))
    tx.wake(Topic.QUEUES)
    return _answer(tx, said.session)


def _standing(tx: Tx, tenant: str, queue: str, said: Accept | Decline, now: datetime) -> ExternalOffer:
    offer, session = tx.broker.offer(said.session), tx.sessions.get(said.session)
    is_right = offer is not None and (offer.tenant, offer.queue, offer.token) == (tenant, queue, said.token)
    is_waiting = session is not None and session.phase is Phase.QUEUED and session.queue == queue
    if offer is None or not is_right or not is_waiting or offer.expires_at <= now:
        raise Refusal(409, "stale", "the offer is over: look at it again")
    return offer


def _blank(offer: ExternalOffer, until: datetime) -> ExternalOffer:
    """An offer nobody can accept, for nobody knows its token."""
    return replace(offer, token="", expires_at=until, is_published=True)


def _answer(tx: Tx, session_id: SessionId) -> Answer:
    session = tx.sessions.get(session_id)
    if session is None:
        raise Refusal(404, "", "There is no such session.")
    return Answer.of(
        Taken(
            session=session.id,
            conversation=session.conversation,
            phase=session.phase.value,
            queue=session.queue,
            owner=session.owner,
        )
    )
