"""The state diagram, drawn from the table by asking every rule; the picture cannot lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from postroom.session.decide import RULES
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    AnyEvent,
    EndRequested,
    MessageAttached,
    MessageReceived,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ReplyFailed,
    ReplySent,
    ReplySubmitted,
    SessionPicked,
)
from postroom.session.policy import Facts, Policy
from postroom.session.state import Assignment, ConversationId, Offer, Phase, Session, SessionId

_START = datetime(2026, 1, 5, 9, tzinfo=UTC)
_AGENT, _TOKEN = "anna", "token"

SAMPLES: tuple[AnyEvent, ...] = (
    MessageReceived(mail="m", received_at=_START),
    MessageAttached(mail="m", mail_class="dsn"),
    AgentReserved(agent=_AGENT, token=_TOKEN),
    OfferAccepted(agent=_AGENT, token=_TOKEN),
    OfferDeclined(agent=_AGENT, token=_TOKEN),
    OfferExpired(token=_TOKEN),
    AgentLeft(agent=_AGENT),
    SessionPicked(agent=_AGENT, token=_TOKEN),
    ReplySubmitted(agent=_AGENT, token=_TOKEN, reply="r"),
    ReplySent(reply="r", sent_at=_START),
    ReplyFailed(reply="r", words="no such user"),
    EndRequested(agent=_AGENT, token=_TOKEN),
)
"""One event of each kind, from the hand that may do it."""


def session_in(phase: Phase) -> Session:
    """A typical session of that phase."""
    offer = Offer(agent=_AGENT, token=_TOKEN, offered_at=_START, expires_at=_START + timedelta(minutes=1))
    assignment = Assignment(agent=_AGENT, token=_TOKEN, assigned_at=_START)
    owned = phase in {Phase.ASSIGNED, Phase.AWAITING_CUSTOMER, Phase.ENDED}
    return Session(
        id=SessionId("s"),
        conversation=ConversationId("c"),
        tenant="t",
        channel="c",
        opened_at=_START,
        phase=phase,
        queue="" if phase is Phase.NEW else "q",
        queued_at=None if phase is Phase.NEW else _START,
        offer=offer if phase is Phase.OFFERED else None,
        assignment=assignment if owned else None,
    )


def transitions() -> Iterator[tuple[Phase, str, Phase]]:
    """Every (from, event, to) the table holds, staying included, asked with the owner able and unable to take more."""
    policy = Policy(generation=1, queue="q")
    for (phase, kind), rule in RULES.items():
        event = next(sample for sample in SAMPLES if type(sample) is kind)
        for able in (True, False):
            after, _ = rule(session_in(phase), event, Facts(agent_can_take=able), policy, _START)
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
