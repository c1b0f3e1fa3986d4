"""An offer's life, and commands that come too late."""

from __future__ import annotations

from datetime import timedelta

from postroom.session.effects import (
    ArmTimer,
    AssignToAgent,
    CancelTimer,
    CountMissedOffer,
    EnterQueue,
    ForgetMissedOffers,
    Ignore,
    OfferToAgent,
    ReleasePlace,
    WithdrawOffer,
)
from postroom.session.events import (
    AgentLeft,
    AgentReserved,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    SessionPicked,
)
from postroom.session.state import Phase, TimerKind
from tests.session.making import NOW, assigned, awaiting, minutes, offered, queued, tell

EXPIRY = TimerKind.OFFER_EXPIRY


def test_an_offer_stands_for_the_queues_time_and_arms_its_timer() -> None:
    session, effects = tell(queued(), AgentReserved(agent="anna", token="t1"))
    due = NOW + timedelta(seconds=30)
    assert session.holder == "anna"
    assert effects == (
        OfferToAgent(agent="anna", token="t1", expires_at=due),
        ArmTimer(kind=EXPIRY, due_at=due, token="t1"),
    )


def test_an_accepted_offer_assigns_the_session_and_keeps_the_place() -> None:
    session, effects = tell(offered(), OfferAccepted(agent="anna", token="t1"), at=minutes(0.2))
    assert session.phase is Phase.ASSIGNED
    assert session.assignment is not None
    assert session.assignment.assigned_at == minutes(0.2)
    assert effects == (
        CancelTimer(kind=EXPIRY),
        ForgetMissedOffers(agent="anna"),
        AssignToAgent(agent="anna", token="t1"),
    )


def test_an_offer_that_expires_returns_the_session_with_its_age_and_asks_that_agent_last() -> None:
    session, effects = tell(offered(at=minutes(4)), OfferExpired(token="t1"), at=minutes(5))
    assert (session.phase, session.queued_at, session.passed_over) == (Phase.QUEUED, NOW, ("anna",))
    assert effects == (
        WithdrawOffer(agent="anna", token="t1", reason="expired"),
        ReleasePlace(agent="anna"),
        CountMissedOffer(agent="anna", limit=2),
        EnterQueue(queue="support"),
    )


def test_a_declined_offer_returns_the_session_and_counts_no_miss() -> None:
    session, effects = tell(offered(), OfferDeclined(agent="anna", token="t1"))
    assert session.phase is Phase.QUEUED
    assert effects == (CancelTimer(kind=EXPIRY), ReleasePlace(agent="anna"), EnterQueue(queue="support"))


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
                ReleasePlace(agent="bernd"),
                Ignore(reason="the session no longer waits", holder="anna"),
            )
