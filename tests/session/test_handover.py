"""How a session changes hands, and that nobody gets one back that he let wait."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.effects import AssignToAgent, Noted, NotifyAgent, RaiseAlarm, WithdrawOffer
from postroom.session.events import (
    AgentStayedSilent,
    ConversationMerged,
    MessageReceived,
    OpeningReached,
    ReplySubmitted,
    SessionFiled,
    SessionTransferred,
)
from postroom.session.facts import AgentFact, Facts, QueueFact
from postroom.session.policy import AgentSilence, Policy, QueuePolicy, TransferPolicy
from postroom.session.state import Phase, Session, TimerKind
from tests.session.making import (
    EVERY_PHASE,
    NIGHT,
    NOW,
    OFFLINE,
    OPENING,
    POLICY,
    asked,
    assigned,
    awaiting,
    is_ignored,
    minutes,
    offered,
    offline,
    places,
    queued,
    tell,
    timers,
)

CHEN = AgentFact(name="chen", is_ready=True, has_place=True, is_signed_in=True)
TO_QUEUE = SessionTransferred(by="anna", token="t1", queue="second")
TO_CHEN = SessionTransferred(by="anna", token="t1", agent="chen", new_token="t9")
KNOWN = Facts(target=CHEN)


def rules(**wanted: object) -> Policy:
    return replace(POLICY, agent_silence=AgentSilence(transfer_after=1800.0, **wanted))  # type: ignore[arg-type] # few words


def test_a_transfer_to_a_queue_keeps_the_age() -> None:
    session, effects = tell(assigned(), TO_QUEUE, at=minutes(50))
    assert (session.phase, session.queue, session.queued_at) == (Phase.QUEUED, "second", NOW)
    assert (session.assignment, session.waiting_since, places(effects)) == (None, minutes(50), [("anna", -1)])
    assert session.passed_over == ("anna",)  # who gave it away is asked last


def test_a_transfer_to_an_agent_is_kept_for_him_a_while() -> None:
    session, effects = tell(assigned(), TO_CHEN, facts=KNOWN)
    assert (session.phase, session.held_for, session.queue) == (Phase.QUEUED, "chen", "support")
    assert timers(effects)[TimerKind.HOLD] == minutes(10)


def test_a_transfer_to_an_agent_who_is_signed_out_is_said_and_not_kept_for_him() -> None:
    session, effects = tell(assigned(), TO_CHEN, facts=Facts(target=AgentFact(name="chen")))
    assert (session.phase, session.held_for) == (Phase.QUEUED, "")
    assert any(isinstance(effect, Noted) and "not signed in" in effect.words for effect in effects)


def test_who_let_the_customer_wait_may_have_it_again_by_a_persons_hand() -> None:
    session = replace(assigned(), left_out=("chen", "dora"))
    moved, _ = tell(session, TO_CHEN, facts=KNOWN)
    assert (moved.held_for, moved.left_out) == ("chen", ("dora",))


REFUSED = [
    (replace(TO_QUEUE, token="old"), KNOWN, POLICY, "not assigned to you"),
    (replace(TO_QUEUE, queue="empty"), KNOWN, POLICY, "nobody serves"),
    (replace(TO_QUEUE, queue="gone"), KNOWN, POLICY, "nobody serves"),
    (TO_CHEN, Facts(), POLICY, "no agent chen"),
    (SessionTransferred(by="anna", token="t1", agent="anna"), KNOWN, POLICY, "his already"),
    (TO_QUEUE, KNOWN, replace(POLICY, transfer=TransferPolicy(anybody=False)), "does not let"),
    (
        TO_CHEN,
        KNOWN,
        replace(POLICY, transfer=TransferPolicy(anybody=False, named=frozenset({"queue:second"}))),
        "does",
    ),
    (
        TO_QUEUE,
        Facts(queue=QueueFact(name="second", waiting=3)),
        replace(POLICY, queues={"second": QueuePolicy(members=frozenset({"chen"}), max_length=3)}),
        "is full",
    ),
]


@pytest.mark.parametrize("session", [assigned(), awaiting()])
@pytest.mark.parametrize(("event", "facts", "policy", "why"), REFUSED)
def test_a_transfer_that_is_not_allowed_changes_nothing_and_says_why(
    session: Session, event: SessionTransferred, facts: Facts, policy: Policy, why: str
) -> None:
    after, effects = tell(session, event, facts=facts, policy=policy)
    assert after == session
    assert is_ignored(effects)
    assert why in str(effects)


def test_a_transfer_to_a_queue_whose_agents_all_let_the_customer_wait_is_refused() -> None:
    assert is_ignored(tell(replace(assigned(), left_out=("chen",)), TO_QUEUE)[1])


def test_a_supervisor_transfers_whoever_has_it_and_is_bound_by_no_list() -> None:
    event = SessionTransferred(by="sue", queue="second", by_supervisor=True)
    nobody = replace(POLICY, transfer=TransferPolicy(anybody=False))
    for session in (asked(), queued(), offered(), assigned(), offline()):
        after, effects = tell(session, event, at=minutes(9), policy=nobody)
        assert (after.phase, after.queue, after.queued_at or NOW) == (
            Phase.QUEUED,
            "second",
            session.queued_at or minutes(9),
        )
        assert places(effects) == ([("anna", -1)] if session.holder else [])
    assert WithdrawOffer(agent="anna", token="t1", reason="taken_away") in tell(offered(), event)[1]
    assert NotifyAgent(agent="anna", what="taken_away") in tell(assigned(), event)[1]


def test_a_transfer_to_a_queue_where_nobody_is_signed_in_is_allowed_and_said() -> None:
    for session in (assigned(), awaiting()):
        _, effects = tell(session, TO_QUEUE, facts=Facts(queue=QueueFact(name="second")))
        assert any(isinstance(effect, Noted) and "second" in effect.words for effect in effects)
        _, effects = tell(session, TO_QUEUE, facts=Facts(queue=QueueFact(name="second", signed_in=1)))
        assert not any(isinstance(effect, Noted) for effect in effects)


def test_a_transfer_at_night_waits_by_the_hour() -> None:
    assert tell(assigned(), TO_QUEUE, at=NIGHT)[0].not_before == OPENING
    assert tell(assigned(), TO_QUEUE, at=NIGHT, policy=OFFLINE)[0].phase is Phase.OFFLINE


def test_while_the_customer_has_the_word_a_transfer_gives_him_another_owner() -> None:
    session, effects = tell(awaiting(), TO_CHEN, facts=KNOWN)
    assert (session.phase, session.owner, session.silent_since) == (Phase.AWAITING_CUSTOMER, "chen", NOW)
    assert effects == (AssignToAgent(agent="chen", token="t9"),)
    keeps = replace(POLICY, count_awaiting=True)
    _, effects = tell(awaiting(keeps), TO_CHEN, facts=KNOWN, policy=keeps)
    assert places(effects) == [("chen", 1), ("anna", -1)]
    by_sue = SessionTransferred(by="sue", agent="chen", new_token="t9", by_supervisor=True)
    assert NotifyAgent(agent="anna", what="taken_away") in tell(awaiting(), by_sue, facts=KNOWN)[1]


def test_while_the_customer_has_the_word_a_transfer_to_a_queue_lets_his_answer_wait_there() -> None:
    moved, _ = tell(awaiting(), TO_QUEUE)
    assert (moved.phase, moved.owner, moved.queue) == (Phase.AWAITING_CUSTOMER, "", "second")
    back, _ = tell(moved, MessageReceived(mail="m2", received_at=minutes(3)), at=minutes(3))
    assert (back.phase, back.queue, back.queued_at) == (Phase.QUEUED, "second", minutes(3))


def test_a_silent_agent_loses_the_session_and_is_left_out() -> None:
    session, effects = tell(assigned(), AgentStayedSilent(), at=minutes(30), policy=rules())
    assert (session.phase, session.queue, session.queued_at) == (Phase.QUEUED, "support", NOW)
    assert (session.left_out, session.transfers) == (("anna",), 1)
    assert NotifyAgent(agent="anna", what="taken_away") in effects


@pytest.mark.parametrize(
    ("to", "queue", "held_for"), [("queue:second", "second", ""), ("agent:chen", "support", "chen")]
)
def test_it_goes_where_the_channel_says(to: str, queue: str, held_for: str) -> None:
    session, _ = tell(assigned(), AgentStayedSilent(), facts=KNOWN, policy=rules(to=to))
    assert (session.queue, session.held_for) == (queue, held_for)


@pytest.mark.parametrize("target", [None, replace(CHEN, is_signed_in=False)])
def test_for_an_agent_who_is_not_signed_in_nobody_waits(target: AgentFact | None) -> None:
    session, effects = tell(assigned(), AgentStayedSilent(), facts=Facts(target=target), policy=rules(to="agent:chen"))
    assert (session.phase, session.queue, session.held_for) == (Phase.QUEUED, "support", "")
    assert TimerKind.HOLD not in timers(effects)


def test_where_he_is_not_there_and_nobody_else_is_it_stays_with_an_alarm() -> None:
    alone = {"support": QueuePolicy(members=frozenset({"anna"}))}
    policy = replace(rules(to="agent:chen"), queues=alone)
    stays, effects = tell(assigned(), AgentStayedSilent(), facts=Facts(), policy=policy)
    assert (stays.owner, RaiseAlarm(what="agent_silent") in effects) == ("anna", True)
    assert tell(assigned(), AgentStayedSilent(), facts=KNOWN, policy=policy)[0].held_for == "chen"


def test_what_is_handed_to_an_agent_at_night_is_kept_for_him_in_the_morning() -> None:
    """As an offline message it waits for him over the night; at the opening he has it first, if he is there."""
    night, _ = tell(assigned(), TO_CHEN, at=NIGHT, facts=KNOWN, policy=OFFLINE)
    assert (night.phase, night.held_for) == (Phase.OFFLINE, "chen")
    morning, effects = tell(night, OpeningReached(), at=OPENING, facts=KNOWN, policy=OFFLINE)
    assert (morning.phase, morning.held_for, TimerKind.HOLD in timers(effects)) == (Phase.QUEUED, "chen", True)
    absent, _ = tell(night, OpeningReached(), at=OPENING, facts=Facts(), policy=OFFLINE)
    assert (absent.phase, absent.held_for) == (Phase.QUEUED, "")


def test_who_was_silent_in_a_row_is_escalated_once_and_then_stays_with_an_alarm() -> None:
    policy = rules(max_transfers=1, escalate_to="queue:second")
    session, _ = tell(replace(assigned("bernd"), left_out=("anna",), transfers=1), AgentStayedSilent(), policy=policy)
    assert (session.queue, session.transfers, session.left_out) == ("second", 2, ("anna", "bernd"))
    stays = replace(assigned("chen"), left_out=session.left_out, transfers=2, queue="second")
    after, effects = tell(stays, AgentStayedSilent(), policy=policy)
    assert (after.owner, after.answer_due_since) == ("chen", None)
    assert RaiseAlarm(what="agent_silent") in effects


def test_where_nobody_else_is_left_it_goes_up_or_stays() -> None:
    alone = {"support": QueuePolicy(members=frozenset({"anna"})), "second": QueuePolicy(members=frozenset({"chen"}))}
    stays, effects = tell(assigned(), AgentStayedSilent(), policy=replace(rules(), queues=alone))
    assert (stays.owner, RaiseAlarm(what="agent_silent") in effects) == ("anna", True)
    up = replace(rules(escalate_to="queue:second"), queues=alone)
    assert tell(assigned(), AgentStayedSilent(), policy=up)[0].queue == "second"
    to_himself = rules(to="agent:anna", escalate_to="agent:anna")
    assert tell(assigned(), AgentStayedSilent(), policy=to_himself)[0].owner == "anna"


def test_a_queue_served_outside_needs_no_members() -> None:
    outside = {"support": QueuePolicy(members=frozenset({"anna"})), "second": QueuePolicy(is_external=True)}
    policy = replace(rules(to="queue:second"), queues=outside)
    assert tell(assigned(), TO_QUEUE, facts=KNOWN, policy=policy)[0].queue == "second"
    assert tell(assigned(), AgentStayedSilent(), policy=policy)[0].queue == "second"


def test_an_answer_forgets_who_was_silent() -> None:
    session = replace(assigned(), left_out=("bernd",), transfers=2)
    answered, _ = tell(session, ReplySubmitted(agent="anna", token="t1", reply="r1"))
    assert (answered.left_out, answered.transfers) == ((), 0)


@pytest.mark.parametrize("phase", [Phase.ROBOT, Phase.QUEUED, Phase.OFFERED, Phase.ASSIGNED, Phase.OFFLINE])
def test_what_nobody_needs_to_serve_is_filed(phase: Phase) -> None:
    session = EVERY_PHASE[phase]()
    after, effects = tell(session, SessionFiled(by="sue", reason="spam", by_supervisor=True), at=minutes(4))
    assert (after.phase, after.ended_because, after.holder) == (Phase.ENDED, "spam", None)
    assert places(effects) == ([("anna", -1)] if session.holder else [])


def test_only_its_owner_or_a_supervisor_files_what_somebody_has() -> None:
    for session in (assigned(), awaiting()):
        assert is_ignored(tell(session, SessionFiled(by="bernd", reason="spam", token="t2"))[1])
        assert tell(session, SessionFiled(by="anna", reason="spam", token="t1"))[0].phase is Phase.ENDED


@pytest.mark.parametrize("phase", [one for one in Phase if one not in {Phase.NEW, Phase.ENDED}])
def test_a_merged_conversation_is_over_here(phase: Phase) -> None:
    session = EVERY_PHASE[phase]()
    after, effects = tell(session, ConversationMerged(by="sue", into="c0"))
    assert (after.phase, after.ended_because) == (Phase.ENDED, "merged")
    assert places(effects) == ([("anna", -1)] if session.holder else [])
