"""The door every event goes through: load, decide, write state, journal, timers and outbox in one transaction.

There is no rule of the business in here; what happens to a session is session/decide.py's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from postroom.engine.carry_out import AutomaticMail, Unit, carry_out
from postroom.engine.facts import Asked, FactReader
from postroom.errors import PermanentError
from postroom.ports.records import Conversation, JournalEntry
from postroom.ports.store import Decided, Topic, Tx
from postroom.ports.world import Clock, Ids
from postroom.session.decide import decide
from postroom.session.effects import OpenSession
from postroom.session.events import AnyEvent
from postroom.session.milestones import milestones
from postroom.session.policy import Policy
from postroom.session.state import ConversationId, Session, SessionId
from postroom.session.turn import turn_at

Policies = Callable[[str, str], Policy]
"""Gives the policy in force for (tenant, channel)."""


class SessionStep:
    """The one implementation of ports.step.Step."""

    def __init__(self, clock: Clock, ids: Ids, policies: Policies, automatic: AutomaticMail) -> None:
        self._clock = clock
        self._ids = ids
        self._policies = policies
        self._automatic = automatic
        self._facts = FactReader(automatic)

    def __call__(self, tx: Tx, session: SessionId, event: AnyEvent) -> Decided:
        """Decide on that session. Raises PermanentError where there is none of that id."""
        found = tx.sessions.get(session)
        if found is None:
            raise PermanentError(f"there is no session {session}")
        return self.at(tx, found, event)

    def at(self, tx: Tx, session: Session, event: AnyEvent) -> Decided:
        """Decide on that session as it was read in this transaction, where nothing has changed it since."""
        return self._decide(tx, session, event, self._clock.now())

    def policy(self, tenant: str, channel: str) -> Policy:
        """The rules in force for that channel."""
        return self._policies(tenant, channel)

    def in_conversation(self, tx: Tx, conversation: ConversationId, event: AnyEvent) -> Decided:
        """Decide on the conversation's newest session, or on a new one where it has none."""
        now = self._clock.now()
        newest = tx.sessions.latest(conversation)
        return self._decide(tx, newest or self._new(tx, conversation, now), event, now)

    def in_new_conversation(self, tx: Tx, conversation: Conversation, event: AnyEvent) -> Decided:
        """Decide on the first session of a conversation that was stored just now."""
        now = self._clock.now()
        return self._decide(tx, self._session_of(conversation, now), event, now)

    def _decide(self, tx: Tx, session: Session, event: AnyEvent, now: datetime) -> Decided:
        policy = self._policies(session.tenant, session.channel)
        facts = self._facts.read(tx, Asked(session, event, policy, now))
        after, effects = decide(session, event, facts, policy, now)
        if after != session:
            tx.sessions.save(after, turn_at(after, policy))
        tx.statistics.add(milestones(session, event, (after, effects), policy, now))
        tx.journal.append(
            JournalEntry(
                seq=0,
                at=now,
                tenant=session.tenant,
                conversation=session.conversation,
                session=session.id,
                event=event,
                facts=msgspec.json.encode(facts),
                generation=policy.generation,
                before=session.phase,
                after=after.phase,
                effects=effects,
            )
        )
        tx.wake(Topic.JOURNAL)
        carry_out(Unit(tx, self, self._automatic, after, now), effects)
        if any(isinstance(effect, OpenSession) for effect in effects):
            return self._decide(tx, self._open(tx, session.conversation, now), event, now)
        return after, effects

    def _open(self, tx: Tx, conversation: ConversationId, now: datetime) -> Session:
        """The open session where the conversation goes on: there may be one since, and there is never a second."""
        thread = tx.conversations.current(conversation)
        goes_on = thread.id if thread is not None else conversation
        newest = tx.sessions.latest(goes_on)
        return newest if newest is not None and newest.is_open else self._new(tx, goes_on, now)

    def _new(self, tx: Tx, conversation: ConversationId, now: datetime) -> Session:
        """A session opened at the very time of its first decision, so that the journal is enough to make it again."""
        thread = tx.conversations.get(conversation)
        if thread is None:
            raise PermanentError(f"there is no conversation {conversation}")
        return self._session_of(thread, now)

    def _session_of(self, thread: Conversation, now: datetime) -> Session:
        return Session(
            id=SessionId(self._ids.new()),
            conversation=thread.id,
            tenant=thread.tenant,
            channel=thread.channel,
            opened_at=now,
        )
