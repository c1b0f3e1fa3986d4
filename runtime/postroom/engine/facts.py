"""Reads what a rule may ask about the world around a session, in the transaction that decides.

Each event has the facts that its rules can need, and no others are read: most events need none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from postroom.ports.store import Tx
from postroom.routing.agents import AgentState
from postroom.session import events as e
from postroom.session.automatic import AutomaticFacts, AutomaticKind
from postroom.session.facts import AgentFact, Facts, QueueFact
from postroom.session.policy import Policy
from postroom.session.rules.handover import next_target
from postroom.session.state import Phase, Session

DAY = timedelta(days=1)

_HEARD = (e.MessageReceived, e.RobotHandedOff, e.RobotTimedOut)
_GIVES_BACK = (e.MessageReceived, e.ReplyFailed)
"""What may give the owner the word again, so that it matters how he stands."""


class AutomaticHistory(Protocol):
    """Tells what an automatic reply would have to respect."""

    def facts(self, tx: Tx, session: Session, mail: str, now: datetime) -> AutomaticFacts | None:
        """Of an automatic answer to that mail; None where the mail is not there."""
        ...

    def robot_answers(self, tx: Tx, session: Session, mail: str, since: datetime) -> int:
        """How many answers of robots the sender of that mail had on this channel since then."""
        ...


class Asked(Struct, frozen=True):
    """Whose facts are read, for which event."""

    session: Session
    event: e.AnyEvent
    policy: Policy
    now: datetime

    @property
    def mail(self) -> str:
        """The customer's newest mail, as it is once this event is decided."""
        return self.event.mail if isinstance(self.event, e.MessageReceived) else self.session.customer_mail


class FactReader:
    """Reads facts; one instance serves every session."""

    def __init__(self, history: AutomaticHistory) -> None:
        self._history = history

    def read(self, tx: Tx, asked: Asked) -> Facts:
        """Give the facts that the rules for this event can need."""
        session, event = asked.session, asked.event
        facts = Facts(owner=_owner(tx, session) if isinstance(event, _GIVES_BACK) else None)
        if isinstance(event, _HEARD):
            return self._of_arrival(tx, asked, facts)
        if isinstance(event, e.OpeningReached):
            return self._of_opening(tx, asked, facts)
        if isinstance(event, e.ReplyFailed) and session.phase is Phase.NEW:
            return _with_last_agent(tx, asked, facts)
        if isinstance(event, e.ReminderFellDue) and AutomaticKind.REMINDER in asked.policy.automatic.texts:
            return replace(facts, automatic=self._history.facts(tx, session, asked.mail, asked.now))
        if isinstance(event, e.AgentStayedSilent):
            kind, _, name = (next_target(session, asked.policy) or "").partition(":")
            return replace(facts, target=_target(tx, asked, name) if kind == "agent" else None)
        if isinstance(event, e.SessionAssigned):
            return replace(facts, target=_target(tx, asked, event.agent))
        if isinstance(event, e.SessionTransferred):
            return replace(facts, queue=_queue(tx, asked, event.queue), target=_target(tx, asked, event.agent))
        return facts

    def _of_opening(self, tx: Tx, asked: Asked, facts: Facts) -> Facts:
        if asked.session.held_for:
            facts = replace(facts, target=_target(tx, asked, asked.session.held_for))
        return _with_last_agent(tx, asked, facts) if asked.policy.offline.to_last_agent else facts

    def _of_arrival(self, tx: Tx, asked: Asked, facts: Facts) -> Facts:
        session, policy = asked.session, asked.policy
        if session.phase in {Phase.NEW, Phase.ROBOT}:
            facts = _with_holder(tx, asked, facts)
        if policy.last_agent.enabled and session.phase in {Phase.NEW, Phase.ROBOT}:
            facts = _with_last_agent(tx, asked, facts)
        if policy.robot is not None and session.phase in {Phase.NEW, Phase.ROBOT}:
            previous = tx.sessions.latest(session.conversation) if session.phase is Phase.NEW else None
            answers = self._history.robot_answers(tx, session, asked.mail, asked.now - DAY)
            had_agent = previous is not None and previous.assignment is not None
            facts = replace(facts, had_agent=had_agent, robot_answers_today=answers)
        has_limit = policy.of_queue(_waits_in(asked)).max_length is not None
        if AutomaticKind.BACKLOG in policy.automatic.texts or has_limit:
            facts = replace(facts, queue=_queue(tx, asked, _waits_in(asked)))
        if policy.automatic.texts or policy.robot is not None:
            facts = replace(facts, automatic=self._history.facts(tx, session, asked.mail, asked.now))
        return facts


def agent_fact(tx: Tx, tenant: str, name: str, weight: int = 1) -> AgentFact | None:
    """An agent as he stands now, and whether he has `weight` places left; None where nobody of that name is."""
    row = tx.agents.get(tenant, name) if name else None
    if row is None:
        return None
    return AgentFact(
        name=row.name,
        is_ready=row.state is AgentState.READY,
        has_place=row.load + weight <= row.capacity,
        is_signed_in=row.state is not AgentState.OFFLINE,
    )


def _owner(tx: Tx, session: Session) -> AgentFact | None:
    return agent_fact(tx, session.tenant, session.owner, session.weight)


def _with_last_agent(tx: Tx, asked: Asked, facts: Facts) -> Facts:
    conversation = tx.conversations.get(asked.session.conversation)
    if conversation is None or not conversation.customer:
        return facts
    last = tx.replies.last_to_customer(conversation.tenant, conversation.channel, conversation.customer)
    if last is None:
        return facts
    name, replied_at = last
    return replace(facts, last_agent=agent_fact(tx, conversation.tenant, name), last_replied_at=replied_at)


def _with_holder(tx: Tx, asked: Asked, facts: Facts) -> Facts:
    conversation = tx.conversations.get(asked.session.conversation)
    name = tx.sessions.with_customer(conversation) if conversation is not None and conversation.customer else None
    return replace(facts, holder=agent_fact(tx, asked.session.tenant, name)) if name else facts


def _waits_in(asked: Asked) -> str:
    """The queue that a customer's mail would go to."""
    named = asked.event.queue if isinstance(asked.event, e.MessageReceived) else None
    return asked.session.queue or named or asked.policy.queue


def _target(tx: Tx, asked: Asked, name: str) -> AgentFact | None:
    return agent_fact(tx, asked.session.tenant, name)


def _queue(tx: Tx, asked: Asked, name: str) -> QueueFact | None:
    if not name:
        return None
    rules, tenant = asked.policy.of_queue(name), asked.session.tenant
    at_most = max(rules.max_length or 0, asked.policy.backlog_from)
    members = [agent_fact(tx, tenant, member) for member in rules.members]
    return QueueFact(
        name=name,
        waiting=tx.sessions.queue_length(tenant, name, at_most),
        signed_in=sum(member is not None and member.is_signed_in for member in members),
    )
