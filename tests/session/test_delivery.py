"""What becomes of replies, in every phase in which the servers may tell."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.effects import AssignToAgent, NotifyAgent, OpenSession
from postroom.session.events import (
    EndRequested,
    MessageReceived,
    ReplyDelayed,
    ReplyFailed,
    ReplySent,
    ReplySubmitted,
    SessionParked,
    SessionTransferred,
)
from postroom.session.facts import Facts
from postroom.session.state import Phase, TimerKind
from tests.session.making import (
    ANNA,
    BUSY,
    EVERY_PHASE,
    GONE,
    NOW,
    POLICY,
    assigned,
    awaiting,
    ended,
    minutes,
    new_session,
    offered,
    places,
    queued,
    tell,
    timers,
    wrap_up,
)

FAILED = ReplyFailed(reply="r1", words="550 no such user")


def test_the_first_sent_reply_is_the_first_response() -> None:
    replied, _ = tell(assigned(), ReplySubmitted(agent="anna", token="t1", reply="r1"))
    session, _ = tell(replied, ReplySent(reply="r1", sent_at=minutes(2)))
    session, _ = tell(session, ReplySent(reply="r2", sent_at=minutes(9)))
    assert (session.first_replied_at, session.replied_at) == (minutes(2), minutes(9))


def test_the_customers_silence_is_measured_from_when_a_server_had_the_reply() -> None:
    session, effects = tell(assigned(), ReplySubmitted(agent="anna", token="t1", reply="r1"))
    assert (session.silent_since, timers(effects)) == (None, {})
    session, effects = tell(session, ReplySent(reply="r1", sent_at=minutes(20)), at=minutes(21))
    assert timers(effects) == {TimerKind.CUSTOMER_SILENCE: minutes(80)}


def test_outcomes_may_be_told_in_any_order() -> None:
    session, _ = tell(awaiting(), ReplySent(reply="r2", sent_at=minutes(9)))
    session, _ = tell(session, ReplySent(reply="r1", sent_at=minutes(5)))
    assert (session.replied_at, session.silent_since) == (minutes(9), minutes(9))


@pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.OFFERED, Phase.ASSIGNED, Phase.OFFLINE, Phase.WRAP_UP])
def test_a_reply_sent_after_the_customer_wrote_again_changes_whose_word_it_is_for_nobody(phase: Phase) -> None:
    before = EVERY_PHASE[phase]()
    after, effects = tell(before, ReplySent(reply="r1", sent_at=minutes(2)))
    assert after == replace(before, first_replied_at=minutes(2), replied_at=minutes(2))
    assert effects == ()


def test_a_reply_that_reached_nobody_is_work_for_its_agent_again_over_his_capacity() -> None:
    for session in (awaiting(), wrap_up()):
        after, effects = tell(session, FAILED, at=minutes(5), facts=Facts(owner=BUSY))
        assert (after.phase, after.holder, after.silent_since) == (Phase.ASSIGNED, "anna", None)
        assert after.answer_due_since == minutes(5)
        assert (after.gone_since, after.ended_because) == (None, "")
        assert AssignToAgent(agent="anna", token="t1") in effects
        assert NotifyAgent(agent="anna", what="reply_failed") in effects
    assert places(tell(awaiting(), FAILED, facts=Facts(owner=ANNA))[1]) == [("anna", 1)]


def test_a_reply_that_reached_nobody_and_whose_agent_is_gone_is_taken_back_in_time() -> None:
    session, effects = tell(awaiting(), FAILED, facts=Facts(owner=GONE))
    assert session.gone_since == NOW
    assert timers(effects)[TimerKind.AGENT_GONE] == minutes(15)


def test_a_reply_that_reached_nobody_while_its_owner_works_is_told_to_him() -> None:
    session, effects = tell(assigned(), FAILED)
    assert (session, effects) == (assigned(), (NotifyAgent(agent="anna", what="reply_failed"),))


def test_what_was_put_aside_is_in_hand_again_for_the_customer_got_nothing() -> None:
    parked, _ = tell(assigned(), SessionParked(agent="anna", token="t1"), at=minutes(1))
    session, effects = tell(parked, FAILED, at=minutes(5))
    assert (session.parked_since, session.answer_due_since, places(effects)) == (None, minutes(5), [("anna", 1)])


def test_a_reply_that_reached_nobody_while_the_session_waits_keeps_its_place() -> None:
    for session in (queued(), offered()):
        after, effects = tell(session, FAILED, at=minutes(5))
        assert (after, effects) == (session, ())


def test_a_reply_that_reached_nobody_and_has_no_owner_any_more_waits_in_its_queue() -> None:
    moved = SessionTransferred(by="sue", queue="second", by_supervisor=True)
    ownerless, _ = tell(awaiting(), moved)
    session, _ = tell(ownerless, FAILED, at=minutes(5))
    assert (session.phase, session.queue, session.unanswered_since) == (Phase.QUEUED, "second", minutes(5))


def test_a_reply_that_fails_after_the_end_opens_a_session_without_automatic_mail() -> None:
    assert tell(ended(), FAILED)[1] == (OpenSession(mail="r1"),)
    session, _ = tell(new_session(), FAILED, at=minutes(5), facts=Facts(last_agent=BUSY, last_replied_at=NOW))
    assert (session.phase, session.queue, session.unanswered_since) == (Phase.QUEUED, "support", minutes(5))
    assert (session.no_automatic_mail, session.held_for) == (True, "anna")


def test_an_answer_that_overtakes_the_outcome_of_the_reply_starts_no_silence() -> None:
    replied, _ = tell(assigned(), ReplySubmitted(agent="anna", token="t1", reply="r1"))
    wrote = MessageReceived(mail="m2", received_at=minutes(3))
    session, _ = tell(replied, wrote, at=minutes(3), facts=Facts(owner=ANNA))
    session, effects = tell(session, ReplySent(reply="r1", sent_at=minutes(2)), at=minutes(4))
    assert (session.phase, session.silent_since, effects) == (Phase.ASSIGNED, None, ())


def test_the_first_reply_to_an_offline_message_leaves_the_customer_less_time() -> None:
    session = replace(awaiting(), was_offline=True)
    _, effects = tell(session, ReplySent(reply="r2", sent_at=minutes(20)), at=minutes(20))
    assert timers(effects) == {TimerKind.CUSTOMER_SILENCE: minutes(25)}


def test_where_a_customer_may_be_silent_for_ever_no_timer_is_set() -> None:
    for_ever = replace(POLICY, customer_silence=replace(POLICY.customer_silence, end_after=None))
    replied, _ = tell(assigned(), ReplySubmitted(agent="anna", token="t1", reply="r1"), policy=for_ever)
    assert timers(tell(replied, ReplySent(reply="r1", sent_at=NOW), policy=for_ever)[1]) == {}


def test_the_end_of_a_session_does_not_wait_for_the_outcome_and_what_left_after_it_was_its_first_reply() -> None:
    replied, _ = tell(assigned(), ReplySubmitted(agent="anna", token="t1", reply="r1"))
    session, _ = tell(replied, EndRequested(agent="anna", token="t1"))
    assert session.phase is Phase.ENDED
    after, effects = tell(session, ReplySent(reply="r1", sent_at=NOW))
    assert (after, effects) == (replace(session, first_replied_at=NOW, replied_at=NOW), ())


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.NEW])
def test_of_a_late_reply_its_writer_is_told_whoever_has_the_session(phase: Phase) -> None:
    before = EVERY_PHASE[phase]()
    after, effects = tell(before, ReplyDelayed(reply="r1", agent="zoe", words="not out after 30 min"))
    assert after == before
    assert effects == (NotifyAgent(agent="zoe", what="reply_delayed"),)
