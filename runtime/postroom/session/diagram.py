"""The state diagram, drawn from the table by asking every rule; the picture cannot lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from msgspec.structs import replace

from postroom.routing.calendar import Calendar
from postroom.routing.hours import ServiceTime
from postroom.session import events as e
from postroom.session.automatic import AutomaticFacts, AutomaticPolicy
from postroom.session.decide import RULES
from postroom.session.facts import AgentFact, Facts
from postroom.session.policy import AgentSilence, OfflinePolicy, Policy, QueuePolicy, RobotPolicy
from postroom.session.state import Assignment, ConversationId, Offer, Phase, Session, SessionId

_START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_AGENT, _TOKEN = "anna", "token"

SAMPLES: tuple[e.AnyEvent, ...] = (
    e.MessageReceived(mail="m", received_at=_START),
    e.MessageAttached(mail="m", mail_class="dsn"),
    e.AgentReserved(agent=_AGENT, token=_TOKEN),
    e.SessionPicked(agent=_AGENT, token=_TOKEN),
    e.SessionAssigned(agent=_AGENT, token=_TOKEN, by="supervisor"),
    e.OfferAccepted(agent=_AGENT, token=_TOKEN),
    e.OfferDeclined(agent=_AGENT, token=_TOKEN),
    e.OfferExpired(token=_TOKEN),
    e.AgentLeft(agent=_AGENT, is_gone=True),
    e.AgentReturned(agent=_AGENT),
    e.AgentWroteFirst(agent=_AGENT, token=_TOKEN, reply="r"),
    e.ReplySubmitted(agent=_AGENT, token=_TOKEN, reply="r"),
    e.ReplyWithdrawn(agent=_AGENT, token=_TOKEN, reply="r"),
    e.ForwardSubmitted(agent=_AGENT, token=_TOKEN, reply="r"),
    e.ForwardFailed(reply="r", words="no such user"),
    e.NoteWritten(agent=_AGENT, token=_TOKEN, text="n"),
    e.WorkSaved(agent=_AGENT, token=_TOKEN),
    e.SessionParked(agent=_AGENT, token=_TOKEN),
    e.SessionTransferred(by=_AGENT, token=_TOKEN, queue="q", by_supervisor=True),
    e.EndRequested(agent=_AGENT, token=_TOKEN),
    e.WrapUpDone(agent=_AGENT, token=_TOKEN),
    e.SessionFiled(by=_AGENT, token=_TOKEN, reason="spam"),
    e.ConversationMerged(by=_AGENT, into="c2"),
    e.RobotAnswered(turn=1, text="Hello"),
    e.RobotHandedOff(turn=1, reason="does not know"),
    e.RobotTimedOut(),
    e.ReplySent(reply="r", sent_at=_START),
    e.ReplyFailed(reply="r", words="no such user"),
    e.ReplyDelayed(reply="r", agent="anna", words="try again later"),
    e.MaxWaitReached(),
    e.OverflowReached(),
    e.HoldEnded(),
    e.ContactEnded(),
    e.ReminderFellDue(),
    e.CustomerStayedSilent(),
    e.AgentStayedSilent(),
    e.AgentStayedAway(),
    e.ParkEnded(),
    e.WrapUpEnded(),
    e.OpeningReached(),
    e.ClosingReached(),
    e.ServiceResumed(),
)
"""One event of each kind, from the hand that may do it."""


def session_in(phase: Phase) -> Session:
    """A typical session of that phase."""
    offer = Offer(agent=_AGENT, token=_TOKEN, offered_at=_START, expires_at=_START + timedelta(minutes=1))
    assignment = Assignment(agent=_AGENT, token=_TOKEN, assigned_at=_START)
    owned = phase in {Phase.ASSIGNED, Phase.AWAITING_CUSTOMER, Phase.WRAP_UP, Phase.ENDED}
    is_new = phase is Phase.NEW
    return Session(
        id=SessionId("s"),
        conversation=ConversationId("c"),
        tenant="t",
        channel="c",
        opened_at=_START,
        phase=phase,
        queue="" if is_new else "q",
        queued_at=None if is_new else _START,
        offer=offer if phase is Phase.OFFERED else None,
        assignment=assignment if owned else None,
        robot_turn=1 if phase is Phase.ROBOT else 0,
        robot_asked_since=_START if phase is Phase.ROBOT else None,
        robot_answered=phase is Phase.ROBOT,
        is_offline_message=phase is Phase.OFFLINE,
    )


_ANSWERABLE = AutomaticFacts(mail="m", received_at=_START, answerable=True, recipient="customer@example.com")
_DAY, _NIGHT = _START, _START + timedelta(hours=12)
_HOURS = ServiceTime(workday=((480, 1080),), zone=UTC, calendar=Calendar())
_PLAIN = Policy(generation=1, queue="q", queues={"q": QueuePolicy(members=frozenset({_AGENT, "bernd"}))}, hours=_HOURS)
_FULL = replace(
    _PLAIN,
    wrap_up=60.0,
    robot=RobotPolicy(name="r"),
    offline=OfflinePolicy(enabled=True),
    agent_silence=AgentSilence(transfer_after=60.0),
    automatic=AutomaticPolicy(),
)
_ABLE = AgentFact(name=_AGENT, is_ready=True, has_place=True, is_signed_in=True)
_FACTS = (Facts(owner=_ABLE), Facts(automatic=_ANSWERABLE))


def transitions() -> Iterator[tuple[Phase, str, Phase]]:
    """Every (from, event, to) the table holds, staying included, by day and night, with and without the options."""
    for (phase, kind), rule in RULES.items():
        event = next(sample for sample in SAMPLES if type(sample) is kind)
        for policy, facts, now in product((_PLAIN, _FULL), _FACTS, (_DAY, _NIGHT)):
            after, _ = rule(session_in(phase), event, facts, policy, now)
            yield phase, _words(kind.__name__), after.phase


def mermaid() -> str:
    """The diagram in Mermaid's notation: one arrow from phase to phase, labelled with its events."""
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for before, label, after in transitions():
        labels = arrows.setdefault((before, after), [])
        if before is not after and label not in labels:
            labels.append(label)
    lines = [
        f"    {before.name} --> {after.name}: {', '.join(labels)}"
        for (before, after), labels in arrows.items()
        if labels
    ]
    reopening = "    ENDED --> NEW: message received, reply failed (a new session)"
    return "\n".join(["stateDiagram-v2", "    [*] --> NEW", *lines, reopening, "    ENDED --> [*]"])


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
