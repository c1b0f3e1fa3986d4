"""A trial on a live mailbox: sessions begun in shadow stay there until the trial is over and their customer writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from postroom.session.automatic import AutomaticFacts, AutomaticKind, AutomaticPolicy
from postroom.session.decide import decide
from postroom.session.effects import AskRobot, EnterQueue
from postroom.session.events import ClosingReached, MaxWaitReached, MessageReceived, OpeningReached
from postroom.session.facts import Facts
from postroom.session.policy import Policy, RobotPolicy
from postroom.session.state import ConversationId, Phase, Session, SessionId
from tests.session.making import OFFLINE, OPENING, offline, tell

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LIVE = Policy(generation=1, queue="help")
TRIAL = replace(LIVE, is_shadow=True)
MAIL = MessageReceived(mail="m2", received_at=NOW + timedelta(minutes=5))


def begun(policy: Policy) -> Session:
    new = Session(id=SessionId("s"), conversation=ConversationId("c"), tenant="acme", channel="support", opened_at=NOW)
    session, _ = decide(new, MessageReceived(mail="m1", received_at=NOW), Facts(), policy, NOW)
    return session


def test_a_session_is_in_shadow_where_its_channel_was_when_it_began() -> None:
    assert [begun(policy).is_shadow for policy in (TRIAL, LIVE)] == [True, False]


@pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.OFFLINE])
@pytest.mark.parametrize("policy", [TRIAL, LIVE])
def test_the_next_mail_of_its_customer_is_served_once_the_trial_is_over(phase: Phase, policy: Policy) -> None:
    waits = replace(begun(TRIAL), phase=phase)
    session, effects = decide(waits, MAIL, Facts(), policy, MAIL.received_at)
    assert (session.phase, session.is_shadow, session.customer_mail) == (phase, policy.is_shadow, "m2")
    is_served = phase is Phase.QUEUED and policy is LIVE
    assert effects == ((EnterQueue(queue="help"),) if is_served else ())


def test_a_trial_that_begins_leaves_what_is_served_alone() -> None:
    session, _ = decide(begun(LIVE), MAIL, Facts(), TRIAL, MAIL.received_at)
    assert not session.is_shadow


@pytest.mark.parametrize("paused", [True, False])
def test_no_robot_is_asked_while_automatic_mail_is_paused(paused: bool) -> None:
    policy = replace(
        LIVE,
        robot=RobotPolicy(name="faq", max_turns=5, timeout=30.0, hand_off_on_failure=True, in_work_time=False),
        automatic=AutomaticPolicy(texts=frozenset([AutomaticKind.WORKING])),
    )
    facts = Facts(
        automatic=AutomaticFacts(
            mail="m1", received_at=NOW, answerable=True, recipient="carla@example.com", paused=paused
        )
    )
    new = Session(id=SessionId("s"), conversation=ConversationId("c"), tenant="acme", channel="support", opened_at=NOW)
    session, effects = decide(new, MessageReceived(mail="m1", received_at=NOW), facts, policy, NOW)
    assert session.phase is (Phase.QUEUED if paused else Phase.ROBOT)
    assert any(isinstance(effect, AskRobot) for effect in effects) is not paused


def test_an_offline_message_in_shadow_is_routed_once_and_then_rests() -> None:
    """Nobody may take it: without an end it would go to the queue and back for ever."""
    trial = replace(OFFLINE, is_shadow=True)
    night = replace(offline(), is_shadow=True)
    routed, _ = tell(night, OpeningReached(), at=OPENING, policy=trial)
    rests, _ = tell(routed, MaxWaitReached(), at=OPENING + timedelta(minutes=30), policy=trial)
    assert (routed.phase, rests.phase) == (Phase.QUEUED, Phase.OFFLINE)
    assert rests.not_before == datetime.max.replace(tzinfo=UTC)
    closed, _ = tell(routed, ClosingReached(), at=OPENING + timedelta(hours=20), policy=trial)
    assert closed.not_before == rests.not_before
    served, _ = tell(rests, MAIL, policy=OFFLINE)
    assert (served.is_shadow, served.not_before) == (False, None)
    assert tell(rests, MAIL, policy=trial)[0].not_before == rests.not_before
