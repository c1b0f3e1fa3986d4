"""The conversation's own deadlines."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.session.automatic import AutomaticKind, Reason
from postroom.session.effects import RaiseAlarm, SendAutomatic, SuppressAutomatic
from postroom.session.events import ContactEnded, CustomerStayedSilent, ReminderFellDue, ReplySent, RobotAnswered
from postroom.session.facts import Facts
from postroom.session.policy import CustomerSilence
from postroom.session.state import Phase, TimerKind
from tests.session.making import (
    ASKABLE,
    NIGHT,
    OFFLINE,
    POLICY,
    ROBOT,
    TEXTS,
    asked,
    awaiting,
    minutes,
    offline,
    tell,
    timers,
)


def test_a_silent_customer_is_reminded_once_and_expected_on() -> None:
    policy = replace(TEXTS, customer_silence=CustomerSilence(end_after=7200.0, remind_after=3600.0))
    session, effects = tell(awaiting(), ReplySent(reply="r1", sent_at=minutes(1)), policy=policy)
    assert timers(effects) == {TimerKind.REMINDER: minutes(61), TimerKind.CUSTOMER_SILENCE: minutes(121)}
    reminded, effects = tell(session, ReminderFellDue(), at=minutes(61), facts=ASKABLE, policy=policy)
    assert effects[0] == SendAutomatic(kind=AutomaticKind.REMINDER, mail="m1")
    assert (reminded.phase, reminded.auto_replied) == (Phase.AWAITING_CUSTOMER, False)
    _, effects = tell(reminded, ReplySent(reply="r2", sent_at=minutes(62)), at=minutes(62), policy=policy)
    assert timers(effects) == {TimerKind.CUSTOMER_SILENCE: minutes(182)}


def test_who_may_not_be_written_to_is_not_reminded() -> None:
    session, (said, *_) = tell(awaiting(), ReminderFellDue(), facts=Facts(), policy=TEXTS)
    assert session.reminded
    assert isinstance(said, SuppressAutomatic)
    assert said.reason is Reason.NO_MAIL


def test_a_silent_customer_is_not_expected_any_more_and_gets_nothing() -> None:
    session, effects = tell(awaiting(), CustomerStayedSilent(), at=minutes(60), policy=TEXTS)
    assert (session.phase, session.ended_because) == (Phase.ENDED, "no_customer_reply")
    assert not any(isinstance(effect, SendAutomatic) for effect in effects)


def test_a_customer_content_with_the_robots_answer_ends_the_session() -> None:
    answered, _ = tell(asked(), RobotAnswered(turn=1, text="So."), policy=ROBOT)
    assert tell(answered, CustomerStayedSilent())[0].ended_because == "robot_answered"
    assert tell(replace(answered, robot_answered=False), CustomerStayedSilent())[0].ended_because == "robot_failed"


def test_an_offline_message_that_nobody_may_answer_any_more_ends_with_an_alarm() -> None:
    session, effects = tell(offline(), ContactEnded(), at=NIGHT, policy=OFFLINE)
    assert (session.phase, session.ended_because) == (Phase.ENDED, "uncontacted")
    assert RaiseAlarm(what="uncontacted") in effects


def test_a_customers_silence_may_be_measured_in_work_time() -> None:
    policy = replace(POLICY, customer_silence=CustomerSilence(end_after=7200.0, in_work_time=True))
    _, effects = tell(awaiting(), ReplySent(reply="r1", sent_at=minutes(450)), at=minutes(450), policy=policy)
    assert timers(effects) == {TimerKind.CUSTOMER_SILENCE: minutes(22 * 60 + 90)}
