"""How many events the table answers in a second on one core: lives of sessions, with what comes late in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from postroom.session import events as e
from postroom.session.decide import decide
from postroom.session.facts import AgentFact, Facts
from postroom.session.policy import AgentSilence, LastAgentPolicy, Policy, QueuePolicy
from postroom.session.state import ConversationId, Phase, Session, SessionId
from tests.benchmarks.report import Row, recorded

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA = AgentFact(name="anna", is_ready=True, has_place=True, is_signed_in=True)
FACTS = Facts(owner=ANNA, last_agent=ANNA)
POLICY = Policy(
    generation=1,
    queue="first",
    queues={"first": QueuePolicy(members=frozenset({"anna", "bernd"}), max_wait=3600.0)},
    agent_silence=AgentSilence(transfer_after=1800.0),
    last_agent=LastAgentPolicy(enabled=True),
)
LIFE: tuple[e.AnyEvent, ...] = (
    e.MessageReceived(mail="m1", received_at=NOW),
    e.AgentReserved(agent="anna", token="t1"),
    e.OfferExpired(token="t1"),
    e.AgentReserved(agent="anna", token="t2"),
    e.OfferAccepted(agent="anna", token="t2"),
    e.OfferExpired(token="t2"),
    e.MessageReceived(mail="m2", received_at=NOW),
    e.WorkSaved(agent="anna", token="t2"),
    e.ReplySubmitted(agent="anna", token="t2", reply="r1"),
    e.ReplySent(reply="r1", sent_at=NOW),
    e.MessageReceived(mail="m3", received_at=NOW),
    e.ReplySubmitted(agent="anna", token="t2", reply="r2"),
    e.ReplySent(reply="r2", sent_at=NOW),
    e.ReminderFellDue(),
    e.CustomerStayedSilent(),
    e.ReplySent(reply="r2", sent_at=NOW),
)


def lives(count: int) -> int:
    """Live so many sessions from their first mail to after their end; gives the number of decisions."""
    ended = 0
    for number in range(count):
        session = Session(
            id=SessionId(f"s{number}"),
            conversation=ConversationId(f"c{number}"),
            tenant="acme",
            channel="support",
            opened_at=NOW,
        )
        now = NOW
        for event in LIFE:
            now += timedelta(minutes=1)
            session, _effects = decide(session, event, FACTS, POLICY, now)
        ended += session.phase is Phase.ENDED
    if ended != count:
        raise RuntimeError(f"{count - ended} of {count} sessions did not end")
    return count * len(LIFE)


def rows(count: int, rounds: int, say: Callable[[str], None]) -> list[Row]:
    """The middle of some rounds as a figure."""
    say(f"deciding: {count:,} sessions of {len(LIFE)} events, {rounds} times")
    speeds = []
    for _ in range(rounds):
        began = time.process_time()
        speeds.append(lives(count) / (time.process_time() - began))
    return [recorded("deciding: decisions on one core", sorted(speeds)[rounds // 2], "decisions/s")]
