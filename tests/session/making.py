"""Values the session tests start from: a channel served from 8 to 18 on working days, and what happens to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from postroom.routing.calendar import Calendar
from postroom.routing.hours import ServiceTime
from postroom.session.automatic import AutomaticFacts, AutomaticKind, AutomaticPolicy
from postroom.session.decide import decide
from postroom.session.effects import AnyEffect, ArmTimer, Ignore, ReleasePlace, TakePlace
from postroom.session.events import (
    AgentReserved,
    AnyEvent,
    EndRequested,
    MessageReceived,
    OfferAccepted,
    ReplySent,
    ReplySubmitted,
)
from postroom.session.facts import AgentFact, Facts
from postroom.session.policy import OfflinePolicy, Policy, QueuePolicy, RobotPolicy
from postroom.session.state import ConversationId, Phase, Session, SessionId, TimerKind

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""A Monday."""
HOURS = ServiceTime(workday=((480, 1080),), zone=UTC, calendar=Calendar())
SUPPORT = QueuePolicy(members=frozenset({"anna", "bernd"}), offer_for=30.0, max_missed_offers=2)
POLICY = Policy(
    generation=1,
    queue="support",
    queues={"support": SUPPORT, "second": QueuePolicy(members=frozenset({"chen"})), "empty": QueuePolicy()},
    hours=HOURS,
)
OFFLINE = replace(POLICY, offline=OfflinePolicy(enabled=True))
ROBOT = replace(POLICY, robot=RobotPolicy(name="rita", max_turns=3))
TEXTS = replace(POLICY, automatic=AutomaticPolicy(texts=frozenset(AutomaticKind)))

ANNA = AgentFact(name="anna", is_ready=True, has_place=True, is_signed_in=True)
BUSY = replace(ANNA, has_place=False)
GONE = AgentFact(name="anna")
ANSWERABLE = AutomaticFacts(mail="m1", received_at=NOW, answerable=True, recipient="carla@example.com")
NOTHING = Facts()
ASKABLE = Facts(automatic=ANSWERABLE)

Ruled = tuple[Session, tuple[AnyEffect, ...]]


def minutes(count: float) -> datetime:
    """That many minutes after NOW."""
    return NOW + timedelta(minutes=count)


NIGHT = minutes(12 * 60)
OPENING = minutes(22 * 60)
"""The next one after NIGHT."""


def new_session() -> Session:
    """A session to which nothing has happened."""
    return Session(
        id=SessionId("s1"), conversation=ConversationId("c1"), tenant="acme", channel="support_en", opened_at=NOW
    )


def mail(name: str = "m1", at: datetime = NOW, keyword: str = "") -> MessageReceived:
    """A customer's mail."""
    return MessageReceived(mail=name, received_at=at, keyword=keyword)


def tell(
    session: Session, event: AnyEvent, *, at: datetime = NOW, facts: Facts = NOTHING, policy: Policy = POLICY
) -> Ruled:
    """Decide one event, under the usual policy where no other is given."""
    return decide(session, event, facts, policy, at)


def queued(policy: Policy = POLICY) -> Session:
    """A session that waits."""
    return tell(new_session(), mail(), policy=policy)[0]


def offered(agent: str = "anna", token: str = "t1", at: datetime = NOW, policy: Policy = POLICY) -> Session:
    """A session held out to an agent."""
    return tell(queued(policy), AgentReserved(agent=agent, token=token), at=at, policy=policy)[0]


def assigned(agent: str = "anna", token: str = "t1", policy: Policy = POLICY) -> Session:
    """A session an agent accepted."""
    return tell(offered(agent, token, policy=policy), OfferAccepted(agent=agent, token=token), policy=policy)[0]


def awaiting(policy: Policy = POLICY) -> Session:
    """A session whose owner's reply a server has."""
    replied = tell(assigned(policy=policy), ReplySubmitted(agent="anna", token="t1", reply="r1"), policy=policy)[0]
    return tell(replied, ReplySent(reply="r1", sent_at=NOW), policy=policy)[0]


def offline() -> Session:
    """An offline message of the night."""
    return tell(new_session(), mail(at=NIGHT), at=NIGHT, policy=OFFLINE)[0]


def wrap_up() -> Session:
    """A session that is written up."""
    policy = replace(POLICY, wrap_up=60.0)
    return tell(assigned(), EndRequested(agent="anna", token="t1", reason="solved"), policy=policy)[0]


def asked() -> Session:
    """A session whose first question the robot has."""
    return tell(new_session(), mail(), facts=ASKABLE, policy=ROBOT)[0]


def ended() -> Session:
    """A session that is over."""
    return tell(assigned(), EndRequested(agent="anna", token="t1", reason="solved"))[0]


def is_ignored(effects: tuple[AnyEffect, ...]) -> bool:
    """Whether the event was answered with a reason, and nothing else."""
    return any(isinstance(effect, Ignore) for effect in effects)


def timers(effects: tuple[AnyEffect, ...]) -> dict[TimerKind, datetime]:
    """When the timers that were set are due."""
    return {effect.kind: effect.due_at for effect in effects if isinstance(effect, ArmTimer)}


def places(effects: tuple[AnyEffect, ...]) -> list[tuple[str, int]]:
    """The places taken and given back."""
    found = [(effect.agent, 1) for effect in effects if isinstance(effect, TakePlace)]
    return found + [(effect.agent, -1) for effect in effects if isinstance(effect, ReleasePlace)]


EVERY_PHASE = {
    Phase.NEW: new_session,
    Phase.ROBOT: asked,
    Phase.QUEUED: queued,
    Phase.OFFERED: offered,
    Phase.ASSIGNED: assigned,
    Phase.AWAITING_CUSTOMER: awaiting,
    Phase.OFFLINE: offline,
    Phase.WRAP_UP: wrap_up,
    Phase.ENDED: ended,
}
