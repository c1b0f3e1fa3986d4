"""An offer's life, and commands that come too late."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from postroom.session.effects import (
    ArmTimer,
    AssignToAgent,
    CancelTimer,
    CountMissedOffer,
    EnterQueue,
    ForgetMissedOffers,
    Ignore,
    NotifyAgent,
    OfferToAgent,
    ReleasePlace,
    WithdrawOffer,
)
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    ClosingReached,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ServiceResumed,
    SessionAssigned,
    SessionPicked,
)
from postroom.session.facts import Facts
from postroom.session.state import Phase, TimerKind
from tests.session.making import (
    ANNA,
    GONE,
    NIGHT,
    NOW,
    OFFLINE,
    OPENING,
    POLICY,
    SUPPORT,
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

EXPIRY = TimerKind.OFFER_EXPIRY


def test_an_offer_stands_for_the_queues_time_and_arms_its_timer() -> None:
    session, effects = tell(queued(), AgentReserved(agent="anna", token="t1"))
    due = NOW + timedelta(seconds=30)
    assert session.holder == "anna"
    assert tuple(effect for effect in effects if not isinstance(effect, CancelTimer)) == (
        OfferToAgent(agent="anna", token="t1", expires_at=due),
        ArmTimer(kind=EXPIRY, started_at=NOW, due_at=due, token="t1"),
    )


def test_an_accepted_offer_assigns_the_session_and_keeps_the_place() -> None:
    session, effects = tell(offered(), OfferAccepted(agent="anna", token="t1"), at=minutes(0.2))
    assert session.phase is Phase.ASSIGNED
    assert session.assignment is not None
    assert session.assignment.assigned_at == minutes(0.2)
    assert effects[:2] == (ForgetMissedOffers(agent="anna"), AssignToAgent(agent="anna", token="t1"))
    assert CancelTimer(kind=EXPIRY) in effects
    assert places(effects) == []


def test_an_offer_that_expires_returns_the_session_with_its_age_and_asks_that_agent_last() -> None:
    session, effects = tell(offered(at=minutes(4)), OfferExpired(token="t1"), at=minutes(5))
    assert (session.phase, session.queued_at, session.passed_over) == (Phase.QUEUED, NOW, ("anna",))
    assert effects[:4] == (
        WithdrawOffer(agent="anna", token="t1", reason="expired"),
        CountMissedOffer(agent="anna", limit=2),
        EnterQueue(queue="support"),
        ReleasePlace(agent="anna"),
    )


def test_a_declined_offer_returns_the_session_and_counts_no_miss() -> None:
    session, effects = tell(offered(), OfferDeclined(agent="anna", token="t1"))
    assert session.phase is Phase.QUEUED
    assert effects[:2] == (EnterQueue(queue="support"), ReleasePlace(agent="anna"))


def test_an_agent_who_declines_twice_stands_once_at_the_end_of_those_passed_over() -> None:
    session = offered()
    for agent in ("anna", "bernd", "anna"):
        session, _ = tell(session, OfferDeclined(agent=agent, token="t1"))
        session, _ = tell(session, AgentReserved(agent={"anna": "bernd", "bernd": "anna"}[agent], token="t1"))
    assert session.passed_over == ("bernd", "anna")


def test_an_agent_who_leaves_loses_his_offer_but_not_what_he_was_assigned() -> None:
    session, effects = tell(offered(), AgentLeft(agent="anna"))
    assert session.phase is Phase.QUEUED
    assert WithdrawOffer(agent="anna", token="t1", reason="agent_left") in effects
    assert tell(assigned(), AgentLeft(agent="anna"))[0] == assigned()


def test_another_agent_leaving_is_nothing_to_the_offer() -> None:
    session, effects = tell(offered(), AgentLeft(agent="bernd"))
    assert session == offered()
    assert isinstance(effects[0], Ignore)


def test_an_accept_of_an_offer_that_is_over_is_answered_and_steals_nothing() -> None:
    again = tell(offered(), OfferExpired(token="t1"))[0]
    for session in (again, tell(again, AgentReserved(agent="bernd", token="t2"))[0], awaiting()):
        after, effects = tell(session, OfferAccepted(agent="anna", token="old"))
        assert after == session
        assert isinstance(effects[0], Ignore)


def test_an_accept_with_the_right_token_by_the_wrong_agent_is_nothing() -> None:
    session, effects = tell(offered(), OfferAccepted(agent="bernd", token="t1"))
    assert session == offered()
    assert effects == (Ignore(reason="the offer is over", holder="anna"),)


def test_a_decline_or_expiry_of_an_earlier_offer_does_not_touch_the_present_one() -> None:
    for event in (OfferDeclined(agent="anna", token="old"), OfferExpired(token="old")):
        session, effects = tell(offered(), event)
        assert session == offered()
        assert isinstance(effects[0], Ignore)


def test_pressing_accept_twice_is_no_fault() -> None:
    assert tell(assigned(), OfferAccepted(agent="anna", token="t1")) == (assigned(), ())
    _, effects = tell(assigned(), OfferAccepted(agent="bernd", token="t1"))
    assert isinstance(effects[0], Ignore)


def test_a_pick_assigns_without_an_offer() -> None:
    session, effects = tell(queued(), SessionPicked(agent="bernd", token="t9"))
    assert (session.phase, session.holder) == (Phase.ASSIGNED, "bernd")
    assert AssignToAgent(agent="bernd", token="t9") in effects


def test_a_reservation_that_comes_second_gives_its_place_back() -> None:
    for session in (offered(), assigned(), awaiting()):
        for event in (AgentReserved(agent="bernd", token="t2"), SessionPicked(agent="bernd", token="t2")):
            after, effects = tell(session, event)
            assert after == session
            assert effects == (
                Ignore(reason="the session no longer waits", holder="anna"),
                ReleasePlace(agent="bernd"),
            )


def test_a_supervisor_gives_it_to_an_agent_whoever_had_it() -> None:
    event = SessionAssigned(agent="chen", token="t7", by="sue")
    for session in (asked(), queued(), offered(), assigned(), offline()):
        after, effects = tell(session, event)
        assert (after.phase, after.holder) == (Phase.ASSIGNED, "chen")
        assert NotifyAgent(agent="chen", what="assigned") in effects
        assert places(effects) == ([("anna", -1)] if session.holder else [])
    assert WithdrawOffer(agent="anna", token="t1", reason="assigned") in tell(offered(), event)[1]
    assert NotifyAgent(agent="anna", what="taken_away") in tell(assigned(), event)[1]


def test_what_is_given_to_an_agent_who_is_signed_out_is_taken_back_where_he_does_not_come() -> None:
    event = SessionAssigned(agent="anna", token="t7", by="sue")
    session, effects = tell(queued(), event, facts=Facts(target=GONE))
    assert session.gone_since == NOW
    assert timers(effects)[TimerKind.AGENT_GONE] == minutes(15)
    assert tell(queued(), event, facts=Facts(target=ANNA))[0].gone_since is None


def test_in_shadow_nobody_is_offered_a_session_and_nobody_takes_it() -> None:
    shadow = replace(POLICY, is_shadow=True)
    for event in (
        AgentReserved(agent="anna", token="t1"),
        SessionPicked(agent="anna", token="t1"),
        SessionAssigned(agent="anna", token="t1", by="sue"),
    ):
        session, effects = tell(queued(shadow), event, policy=shadow)
        assert session == queued(shadow)
        assert is_ignored(effects)
        assert places(effects) == [("anna", -1)]


def test_who_let_the_customer_wait_or_is_not_who_it_is_kept_for_is_not_offered_it() -> None:
    reserved = AgentReserved(agent="anna", token="t1")
    for session in (replace(queued(), left_out=("anna",)), replace(queued(), held_for="bernd", held_since=NOW)):
        after, effects = tell(session, reserved)
        assert after == session
        assert is_ignored(effects)
    assert tell(replace(queued(), held_for="anna", held_since=NOW), reserved)[0].phase is Phase.OFFERED


def test_a_queue_that_accepts_for_its_agents_assigns_at_once() -> None:
    policy = replace(POLICY, queues={"support": replace(SUPPORT, auto_accept=True)})
    session, effects = tell(queued(), AgentReserved(agent="anna", token="t1"), policy=policy)
    assert (session.phase, session.holder) == (Phase.ASSIGNED, "anna")
    assert places(effects) == []


def test_out_of_work_time_or_before_its_time_nobody_is_offered_it() -> None:
    reserved = AgentReserved(agent="anna", token="t1")
    session, effects = tell(queued(), reserved, at=NIGHT)
    assert (session.phase, session.not_before, places(effects)) == (Phase.QUEUED, OPENING, [("anna", -1)])
    assert tell(queued(), reserved, at=NIGHT, policy=OFFLINE)[0].phase is Phase.OFFLINE
    assert tell(queued(), reserved, at=NIGHT, policy=replace(POLICY, finish_queue=True))[0].phase is Phase.OFFERED
    later = replace(queued(), not_before=minutes(5))
    assert is_ignored(tell(later, reserved, at=minutes(4))[1])
    assert tell(later, reserved, at=minutes(5))[0].phase is Phase.OFFERED


def test_an_offer_stands_at_closing_and_goes_where_the_hour_says_when_it_is_not_taken() -> None:
    late = minutes(479.9)
    session = offered(at=late)
    assert is_ignored(tell(session, ClosingReached(), at=minutes(480))[1])
    declined = OfferDeclined(agent="anna", token="t1")
    assert tell(session, declined, at=minutes(481))[0].not_before == OPENING
    assert tell(session, declined, at=minutes(481), policy=OFFLINE)[0].phase is Phase.OFFLINE
    assert tell(session, OfferAccepted(agent="anna", token="t1"), at=minutes(481))[0].phase is Phase.ASSIGNED


def test_time_in_which_nobody_served_the_agent_is_not_of_his_offer() -> None:
    session, effects = tell(offered(), ServiceResumed(), at=minutes(60))
    assert session.offer is not None
    assert (session.offer.token, session.offer.offered_at) == ("t1", minutes(60))
    assert timers(effects) == {EXPIRY: minutes(60.5)}


def test_an_offer_that_is_not_there_can_neither_end_nor_begin_anew() -> None:
    session = replace(offered(), offer=None)
    for event in (OfferExpired(token="t1"), AgentLeft(agent="anna"), ServiceResumed()):
        assert is_ignored(tell(session, event)[1])


def test_what_a_session_took_it_gives_back_though_the_channel_weighs_otherwise_now() -> None:
    heavy = replace(POLICY, weight=3)
    session, effects = tell(offered(policy=heavy), OfferDeclined(agent="anna", token="t1"))
    assert session.weight == 3
    assert ReleasePlace(agent="anna", weight=3) in effects
