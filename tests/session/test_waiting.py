"""What happens to a session while it waits, in its queue or as an offline message."""

from __future__ import annotations

from datetime import UTC

from msgspec.structs import replace

from postroom.routing.calendar import Calendar
from postroom.routing.hours import ServiceTime
from postroom.session.effects import EnterQueue, RaiseAlarm
from postroom.session.events import (
    AgentLeft,
    ClosingReached,
    HoldEnded,
    MaxWaitReached,
    OpeningReached,
    OverflowReached,
    ServiceResumed,
)
from postroom.session.facts import AgentFact, Facts, QueueFact
from postroom.session.policy import LastAgentPolicy, OfflinePolicy, QueuePolicy
from postroom.session.state import Phase, TimerKind
from tests.session.making import (
    BUSY,
    NIGHT,
    NOW,
    OFFLINE,
    OPENING,
    POLICY,
    SUPPORT,
    is_ignored,
    mail,
    minutes,
    new_session,
    offline,
    queued,
    tell,
    timers,
)

IMPATIENT = replace(
    POLICY,
    queues={
        "support": replace(SUPPORT, max_wait=7200.0, overflow="second", overflow_after=3600.0),
        "second": QueuePolicy(members=frozenset({"chen"}), max_wait=600.0),
    },
)


def test_a_waiting_session_has_the_deadlines_of_its_queue() -> None:
    _, effects = tell(new_session(), mail(), policy=IMPATIENT)
    assert timers(effects) == {TimerKind.MAX_WAIT: minutes(120), TimerKind.OVERFLOW: minutes(60)}
    _, effects = tell(new_session(), mail(), at=minutes(450), policy=IMPATIENT)
    assert timers(effects)[TimerKind.MAX_WAIT] == minutes(22 * 60 + 90)  # the night is no waiting


def test_another_queue_takes_it_once_with_its_age() -> None:
    for event in (OverflowReached(), MaxWaitReached()):
        session, effects = tell(queued(IMPATIENT), event, at=minutes(60), policy=IMPATIENT)
        assert (session.queue, session.queued_at, session.overflowed) == ("second", NOW, True)
        assert EnterQueue(queue="second") in effects
        assert timers(effects) == {TimerKind.MAX_WAIT: minutes(70)}
    assert tell(session, MaxWaitReached(), policy=IMPATIENT)[0].queue == "second"
    assert is_ignored(tell(queued(), OverflowReached())[1])


def test_waiting_too_long_makes_it_an_offline_message_where_the_channel_has_them() -> None:
    session, _ = tell(queued(), MaxWaitReached(), at=minutes(60), policy=OFFLINE)
    assert (session.phase, session.queued_at, session.not_before) == (Phase.OFFLINE, NOW, minutes(90))


def test_waiting_too_long_where_there_is_nowhere_else_to_go_raises_an_alarm_and_waits_on() -> None:
    session, effects = tell(queued(), MaxWaitReached(), at=minutes(60))
    assert (session.phase, session.waited_out) == (Phase.QUEUED, True)
    assert RaiseAlarm(what="max_wait") in effects


def test_closing_makes_what_waits_offline_messages_or_lets_it_wait_for_the_opening() -> None:
    session, _ = tell(queued(), ClosingReached(), at=NIGHT)
    assert (session.phase, session.not_before, session.queued_at) == (Phase.QUEUED, OPENING, NOW)
    session, _ = tell(queued(), ClosingReached(), at=NIGHT, policy=OFFLINE)
    assert (session.phase, session.not_before, session.was_offline) == (Phase.OFFLINE, None, True)
    assert is_ignored(tell(queued(), ClosingReached(), at=NIGHT, policy=replace(POLICY, finish_queue=True))[1])
    assert is_ignored(tell(queued(), ClosingReached(), at=minutes(60))[1])


def test_a_channel_that_never_opens_says_so_and_loses_nothing() -> None:
    never = replace(POLICY, hours=ServiceTime(workday=(), zone=UTC, calendar=Calendar()))
    session, effects = tell(new_session(), mail(), policy=never)
    assert session.phase is Phase.QUEUED
    assert session.not_before is not None
    assert session.not_before.year == 9999
    assert RaiseAlarm(what="never_open") in effects
    opened, _ = tell(session, OpeningReached(), at=minutes(1))
    assert opened.not_before is None


def test_an_opening_that_comes_earlier_counts() -> None:
    waits, _ = tell(queued(), ClosingReached(), at=NIGHT)
    early = replace(POLICY, hours=ServiceTime(workday=((0, 1440),), zone=UTC, calendar=Calendar()))
    session, effects = tell(waits, OpeningReached(), at=NIGHT, policy=early)
    assert (session.not_before, EnterQueue(queue="support") in effects) == (None, True)
    assert is_ignored(tell(waits, OpeningReached(), at=NIGHT)[1])
    assert is_ignored(tell(queued(), OpeningReached())[1])


def test_an_offline_message_is_routed_in_work_time_and_waits_no_longer_than_one_routing() -> None:
    assert is_ignored(tell(offline(), OpeningReached(), at=NIGHT, policy=OFFLINE)[1])
    session, effects = tell(offline(), OpeningReached(), at=OPENING, policy=OFFLINE)
    assert (session.phase, session.queued_at, session.is_offline_message) == (Phase.QUEUED, NIGHT, True)
    assert timers(effects) == {TimerKind.MAX_WAIT: minutes(22 * 60 + 30)}
    again, _ = tell(session, MaxWaitReached(), at=minutes(22 * 60 + 30), policy=OFFLINE)
    assert (again.phase, again.queued_at, again.not_before) == (Phase.OFFLINE, NIGHT, minutes(23 * 60))


def test_the_pause_between_two_routings_is_of_work_time() -> None:
    routed, _ = tell(offline(), OpeningReached(), at=OPENING, policy=OFFLINE)
    late = minutes((24 + 8) * 60 - 10)  # ten minutes before the next closing
    assert tell(routed, MaxWaitReached(), at=late, policy=OFFLINE)[0].not_before == minutes(46 * 60 + 20)


def test_a_pause_on_a_channel_that_never_opens_is_one_of_the_wall_clock() -> None:
    never = replace(OFFLINE, hours=ServiceTime(workday=(), zone=UTC, calendar=Calendar()))
    routed, _ = tell(offline(), OpeningReached(), at=OPENING, policy=OFFLINE)
    assert tell(routed, MaxWaitReached(), at=OPENING, policy=never)[0].not_before == minutes(22 * 60 + 30)


def test_an_offline_message_goes_to_the_last_agent_where_its_routing_says_so() -> None:
    policy = replace(
        OFFLINE,
        offline=OfflinePolicy(enabled=True, to_last_agent=True),
        last_agent=LastAgentPolicy(enabled=True),
    )
    known = Facts(last_agent=BUSY, last_replied_at=minutes(-60))
    assert tell(offline(), OpeningReached(), at=OPENING, facts=known, policy=policy)[0].held_for == "anna"
    assert tell(offline(), OpeningReached(), at=OPENING, facts=known, policy=OFFLINE)[0].held_for == ""


def test_what_is_kept_for_an_agent_goes_to_whoever_has_his_turn_when_he_does_not_come() -> None:
    kept = replace(queued(), held_for="anna", held_since=NOW)
    for event in (HoldEnded(), AgentLeft(agent="anna", is_gone=True)):
        session, effects = tell(kept, event)
        assert (session.held_for, EnterQueue(queue="support") in effects) == ("", True)
    for staying in (AgentLeft(agent="anna"), AgentLeft(agent="bernd", is_gone=True)):
        assert tell(kept, staying)[0] == kept


def test_time_in_which_nobody_could_be_asked_does_not_end_the_hold() -> None:
    kept = replace(queued(), held_for="anna", held_since=NOW)
    _, effects = tell(kept, ServiceResumed(), at=minutes(100))
    assert timers(effects) == {TimerKind.HOLD: minutes(110)}
    assert tell(queued(), ServiceResumed(), at=minutes(100))[0] == queued()


def test_it_is_kept_for_nobody_who_let_the_customer_wait() -> None:
    policy = replace(POLICY, last_agent=LastAgentPolicy(enabled=True))
    silent = replace(new_session(), left_out=("anna",))
    known = Facts(last_agent=AgentFact(name="anna", is_signed_in=True), last_replied_at=NOW)
    assert tell(silent, mail(), facts=known, policy=policy)[0].held_for == ""


def test_who_comes_to_a_full_queue_goes_to_its_overflow_at_once() -> None:
    rules = {"support": replace(SUPPORT, max_length=2, overflow="second"), "second": QueuePolicy()}
    policy = replace(POLICY, queues=rules)
    full = Facts(queue=QueueFact(name="support", waiting=2))
    session, effects = tell(new_session(), mail(), facts=full, policy=policy)
    assert (session.phase, session.queue, session.queued_at, session.overflowed) == (Phase.QUEUED, "second", NOW, True)
    assert EnterQueue(queue="second") in effects
    room = Facts(queue=QueueFact(name="support", waiting=1))
    assert tell(new_session(), mail(), facts=room, policy=policy)[0].queue == "support"


def test_a_full_queue_without_overflow_refuses_no_mail_and_says_so() -> None:
    policy = replace(POLICY, queues={"support": replace(SUPPORT, max_length=2)})
    full = Facts(queue=QueueFact(name="support", waiting=2))
    session, effects = tell(new_session(), mail(), facts=full, policy=policy)
    assert (session.phase, session.queue) == (Phase.QUEUED, "support")
    assert RaiseAlarm(what="queue_full") in effects
    at_night, effects = tell(new_session(), mail(at=NIGHT), at=NIGHT, facts=full, policy=policy)
    assert at_night.not_before == OPENING
    assert RaiseAlarm(what="queue_full") not in effects
    assert tell(new_session(), mail(), facts=Facts(), policy=policy)[1] == tell(new_session(), mail(), policy=policy)[1]
