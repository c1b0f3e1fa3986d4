"""What the owner does; what he did before the session changed hands is stale."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.effects import AssignToAgent, EnterQueue, Ignore, NotifyAgent, SendReply
from postroom.session.events import (
    AgentLeft,
    AgentReturned,
    AgentStayedAway,
    AgentWroteFirst,
    AnyEvent,
    EndRequested,
    ParkEnded,
    ReplySent,
    ReplySubmitted,
    ReplyWithdrawn,
    ServiceResumed,
    SessionParked,
    WorkSaved,
    WrapUpDone,
    WrapUpEnded,
)
from postroom.session.policy import AgentSilence
from postroom.session.state import Assignment, Phase, Session, TimerKind
from tests.session.making import (
    NIGHT,
    NOW,
    OFFLINE,
    OPENING,
    POLICY,
    assigned,
    awaiting,
    ended,
    is_ignored,
    mail,
    minutes,
    new_session,
    places,
    tell,
    timers,
    wrap_up,
)

REPLY = ReplySubmitted(agent="anna", token="t1", reply="r1")
END = EndRequested(agent="anna", token="t1", reason="solved")
PATIENT = replace(POLICY, agent_silence=AgentSilence(transfer_after=1800.0))


def test_a_reply_goes_out_frees_the_place_and_gives_the_customer_the_word() -> None:
    session, effects = tell(assigned(), REPLY)
    assert (session.phase, session.holder, session.unanswered_since) == (Phase.AWAITING_CUSTOMER, None, None)
    assert effects[0] == SendReply(reply="r1")
    assert places(effects) == [("anna", -1)]


def test_where_the_tenant_counts_who_awaits_the_place_stays_taken() -> None:
    keeps = replace(POLICY, count_awaiting=True)
    session, effects = tell(assigned(policy=keeps), REPLY, policy=keeps)
    assert (session.holder, places(effects)) == ("anna", [])
    assert places(tell(session, END, policy=keeps)[1]) == [("anna", -1)]


def test_a_second_reply_goes_out_too_and_silence_counts_from_when_it_is_sent() -> None:
    again = ReplySubmitted(agent="anna", token="t1", reply="r2")
    session, effects = tell(awaiting(), again, at=minutes(59))
    assert (session.silent_since, timers(effects)) == (None, {})
    assert SendReply(reply="r2") in effects
    _, effects = tell(session, ReplySent(reply="r2", sent_at=minutes(70)), at=minutes(70))
    assert timers(effects) == {TimerKind.CUSTOMER_SILENCE: minutes(130)}


STALE: list[tuple[Session, AnyEvent]] = [
    (assigned(), ReplySubmitted(agent="anna", token="old", reply="r1")),
    (awaiting(), ReplySubmitted(agent="bernd", token="t1", reply="r1")),
    (assigned(), EndRequested(agent="anna", token="old")),
    (awaiting(), ReplyWithdrawn(agent="anna", token="old", reply="r1")),
    (assigned(), WorkSaved(agent="anna", token="old")),
    (assigned(), SessionParked(agent="bernd", token="t1")),
    (wrap_up(), WrapUpDone(agent="anna", token="old")),
]


@pytest.mark.parametrize(("session", "event"), STALE)
def test_a_command_from_before_a_change_of_owner_is_stale_and_says_who_has_it(
    session: Session, event: AnyEvent
) -> None:
    after, effects = tell(session, event)
    assert after == session
    assert effects == (Ignore(reason="the session is not assigned to you", holder="anna"),)


def test_a_reply_taken_back_gives_the_owner_the_word_again() -> None:
    replied, _ = tell(assigned(), REPLY)
    session, effects = tell(replied, ReplyWithdrawn(agent="anna", token="t1", reply="r1"), at=minutes(1))
    assert (session.phase, session.unanswered_since, session.answer_due_since) == (Phase.ASSIGNED, NOW, minutes(1))
    assert AssignToAgent(agent="anna", token="t1") in effects
    assert places(effects) == [("anna", 1)]


def test_an_agent_begins_a_conversation_and_nothing_is_sent_in_shadow() -> None:
    event = AgentWroteFirst(agent="anna", token="t1", reply="r1")
    session, effects = tell(new_session(), event)
    assert (session.phase, session.owner, session.queue) == (Phase.AWAITING_CUSTOMER, "anna", "support")
    assert effects[:2] == (AssignToAgent(agent="anna", token="t1"), SendReply(reply="r1"))
    assert tell(session, ReplyWithdrawn(agent="anna", token="t1", reply="r1"))[0].answer_due_since is None
    assert is_ignored(tell(new_session(), event, policy=replace(POLICY, is_shadow=True))[1])


def test_a_saved_draft_restarts_the_time_to_answer_once() -> None:
    saved = WorkSaved(agent="anna", token="t1")
    session, effects = tell(assigned(policy=PATIENT), saved, at=minutes(20), policy=PATIENT)
    assert timers(effects) == {TimerKind.AGENT_SILENCE: minutes(50)}
    assert tell(session, saved, at=minutes(40), policy=PATIENT) == (session, ())
    unhurried = replace(assigned(), answer_due_since=None)
    assert tell(unhurried, saved) == (unhurried, ())


def test_what_is_put_aside_takes_no_place_until_its_time_comes() -> None:
    parking = SessionParked(agent="anna", token="t1", until=minutes(300))
    parked, effects = tell(assigned(policy=PATIENT), parking, at=minutes(5), policy=PATIENT)
    assert (parked.phase, parked.holder, parked.owner) == (Phase.ASSIGNED, None, "anna")
    assert (timers(effects), places(effects)) == ({TimerKind.PARK: minutes(300)}, [("anna", -1)])
    session, effects = tell(parked, ParkEnded(), at=minutes(300), policy=PATIENT)
    assert (session.holder, places(effects)) == ("anna", [("anna", 1)])
    assert timers(effects) == {TimerKind.AGENT_SILENCE: minutes(330)}
    assert NotifyAgent(agent="anna", what="park_ended") in effects


def test_it_may_be_put_aside_for_another_time_and_without_one() -> None:
    parked, _ = tell(assigned(), SessionParked(agent="anna", token="t1", until=minutes(30)))
    parked, effects = tell(parked, SessionParked(agent="anna", token="t1", until=minutes(60)))
    assert timers(effects) == {TimerKind.PARK: minutes(60)}
    parked, effects = tell(parked, SessionParked(agent="anna", token="t1"))
    assert (parked.parked_until, timers(effects)) == (None, {})
    answered = replace(parked, unanswered_since=None)
    assert tell(answered, ParkEnded())[0].answer_due_since is None


def test_the_end_is_written_up_where_the_channel_gives_time_for_it() -> None:
    policy = replace(POLICY, wrap_up=60.0)
    session, effects = tell(assigned(), END, policy=policy)
    assert (session.phase, session.holder, timers(effects)) == (Phase.WRAP_UP, "anna", {TimerKind.WRAP_UP: minutes(1)})
    done, effects = tell(session, WrapUpDone(agent="anna", token="t1", code="refund"), at=minutes(0.5))
    assert (done.phase, done.wrap_up_code, done.ended_because) == (Phase.ENDED, "refund", "solved")
    assert places(effects) == [("anna", -1)]
    assert tell(session, WrapUpEnded(), at=minutes(1))[0].ended_because == "solved"
    assert tell(session, AgentLeft(agent="anna", is_gone=True))[0].phase is Phase.ENDED
    for staying in (AgentLeft(agent="anna"), AgentLeft(agent="bernd", is_gone=True)):
        assert tell(session, staying)[0] == session


def test_the_end_frees_a_place_only_where_one_was_held() -> None:
    session, effects = tell(assigned(), END, at=minutes(7))
    assert (session.phase, session.ended_at, session.ended_because) == (Phase.ENDED, minutes(7), "solved")
    assert places(effects) == [("anna", -1)]
    assert places(tell(awaiting(), END)[1]) == []


def test_who_is_not_ready_keeps_his_work_and_who_is_gone_too_long_does_not() -> None:
    assert tell(assigned(), AgentLeft(agent="anna"))[0] == assigned()
    assert tell(assigned(), AgentLeft(agent="bernd", is_gone=True))[0] == assigned()
    gone, effects = tell(assigned(), AgentLeft(agent="anna", is_gone=True), at=minutes(5))
    assert timers(effects) == {TimerKind.AGENT_GONE: minutes(20)}
    assert tell(gone, AgentLeft(agent="anna", is_gone=True), at=minutes(9))[0] == gone
    assert tell(gone, AgentReturned(agent="bernd"))[0] == gone
    assert tell(gone, AgentReturned(agent="anna"))[0].gone_since is None
    back, effects = tell(gone, AgentStayedAway(), at=minutes(20))
    assert (back.phase, back.queued_at, places(effects)) == (Phase.QUEUED, NOW, [("anna", -1)])
    assert effects[:2] == (NotifyAgent(agent="anna", what="taken_back"), EnterQueue(queue="support"))


def test_the_night_is_no_time_an_agent_is_away() -> None:
    _, effects = tell(assigned(), AgentLeft(agent="anna", is_gone=True), at=NIGHT)
    assert timers(effects)[TimerKind.AGENT_GONE] == minutes(22 * 60 + 15)


def test_what_is_taken_back_at_night_waits_by_the_hour() -> None:
    gone, _ = tell(assigned(), AgentLeft(agent="anna", is_gone=True))
    assert tell(gone, AgentStayedAway(), at=NIGHT)[0].not_before == OPENING
    assert tell(gone, AgentStayedAway(), at=NIGHT, policy=OFFLINE)[0].phase is Phase.OFFLINE


def test_time_in_which_nobody_served_the_agent_does_not_count_against_him() -> None:
    gone, _ = tell(assigned(policy=PATIENT), AgentLeft(agent="anna", is_gone=True), policy=PATIENT)
    _, effects = tell(gone, ServiceResumed(), at=minutes(100), policy=PATIENT)
    assert timers(effects) == {TimerKind.AGENT_SILENCE: minutes(130), TimerKind.AGENT_GONE: minutes(115)}
    calm = replace(assigned(), answer_due_since=None)
    assert tell(calm, ServiceResumed(), at=minutes(100))[0] == calm


def test_his_time_to_answer_counts_from_the_oldest_mail() -> None:
    session, effects = tell(assigned(policy=PATIENT), mail("m2", minutes(9)), at=minutes(9), policy=PATIENT)
    assert (session.unanswered_since, session.answer_due_since, timers(effects)) == (NOW, NOW, {})


def test_a_command_after_the_end_names_nobody_who_would_have_the_session_now() -> None:
    session = replace(ended(), assignment=Assignment(agent="anna", token="t1", assigned_at=NOW))
    _, effects = tell(session, EndRequested(agent="anna", token="t1"))
    assert effects == (Ignore(reason="the session has ended", holder=""),)
