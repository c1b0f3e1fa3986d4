"""Values the session tests start from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postroom.session.decide import decide
from postroom.session.effects import AnyEffect
from postroom.session.events import AgentReserved, AnyEvent, MessageReceived, OfferAccepted, ReplySubmitted
from postroom.session.policy import Facts, Policy
from postroom.session.state import ConversationId, Session, SessionId

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
POLICY = Policy(generation=1, queue="support", offer_for={"support": 30.0}, max_missed_offers={"support": 2})


def minutes(count: float) -> datetime:
    """That many minutes after NOW."""
    return NOW + timedelta(minutes=count)


def new_session() -> Session:
    """A session to which nothing has happened."""
    return Session(
        id=SessionId("s1"), conversation=ConversationId("c1"), tenant="acme", channel="support_en", opened_at=NOW
    )


def mail(name: str = "m1", at: datetime = NOW) -> MessageReceived:
    """A customer's mail."""
    return MessageReceived(mail=name, received_at=at)


def tell(
    session: Session, event: AnyEvent, *, at: datetime = NOW, can_take: bool = False
) -> tuple[Session, tuple[AnyEffect, ...]]:
    """Decide one event under the usual policy."""
    return decide(session, event, Facts(agent_can_take=can_take), POLICY, at)


def queued() -> Session:
    """A session that waits."""
    return tell(new_session(), mail())[0]


def offered(agent: str = "anna", token: str = "t1", at: datetime = NOW) -> Session:
    """A session held out to an agent."""
    return tell(queued(), AgentReserved(agent=agent, token=token), at=at)[0]


def assigned(agent: str = "anna", token: str = "t1") -> Session:
    """A session an agent accepted."""
    return tell(offered(agent, token), OfferAccepted(agent=agent, token=token))[0]


def awaiting() -> Session:
    """A session whose owner replied."""
    return tell(assigned(), ReplySubmitted(agent="anna", token="t1", reply="r1"))[0]
