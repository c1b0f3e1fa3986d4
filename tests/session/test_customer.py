"""What a customer's mail does, phase by phase."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.effects import AssignToAgent, EnterQueue, NotifyAgent, OpenSession
from postroom.session.events import MessageAttached, MessageReceived, SessionParked
from postroom.session.facts import Facts
from postroom.session.policy import LastAgentPolicy
from postroom.session.state import Phase, TimerKind
from tests.session.making import (
    ANNA,
    BUSY,
    EVERY_PHASE,
    GONE,
    NIGHT,
    NOW,
    OFFLINE,
    OPENING,
    POLICY,
    assigned,
    awaiting,
    ended,
    mail,
    minutes,
    new_session,
    offered,
    offline,
    places,
    queued,
    tell,
    timers,
    wrap_up,
)


def test_the_first_mail_puts_the_session_in_the_channels_queue() -> None:
    session, effects = tell(new_session(), mail(at=minutes(-5)))
    assert (session.phase, session.queue, session.queued_at) == (Phase.QUEUED, "support", NOW)
    assert session.unanswered_since == minutes(-5)
    assert EnterQueue(queue="support") in effects


def test_a_route_may_name_another_queue_and_priority() -> None:
    session, _ = tell(new_session(), MessageReceived(mail="m", received_at=NOW, queue="sales", priority=7))
    assert (session.queue, session.priority) == ("sales", 7)


def test_a_second_mail_keeps_the_place_in_the_queue_and_the_oldest_unanswered_mail() -> None:
    session, effects = tell(queued(), mail("m2", minutes(9)), at=minutes(9))
    assert (session.queued_at, session.unanswered_since, session.customer_mail) == (NOW, NOW, "m2")
    assert effects == ()


def test_a_mail_during_an_offer_is_shown_with_the_same_offer() -> None:
    before = offered()
    session, effects = tell(before, mail("m2", minutes(1)))
    assert session.offer == before.offer
    assert effects == (NotifyAgent(agent="anna", what="customer_wrote"),)


def test_a_mail_to_an_assigned_session_tells_its_owner_and_counts_from_the_oldest() -> None:
    session, effects = tell(assigned(), mail("m2", minutes(3)))
    assert (session.phase, session.unanswered_since) == (Phase.ASSIGNED, NOW)
    assert effects == (NotifyAgent(agent="anna", what="customer_wrote"),)


def test_an_answer_goes_to_the_owner_who_is_ready_with_a_place() -> None:
    session, effects = tell(awaiting(), mail("m2", minutes(30)), at=minutes(30), facts=Facts(owner=ANNA))
    assert (session.phase, session.holder, session.unanswered_since) == (Phase.ASSIGNED, "anna", minutes(30))
    assert effects[:2] == (
        AssignToAgent(agent="anna", token="t1"),
        NotifyAgent(agent="anna", what="customer_wrote"),
    )
    assert places(effects) == [("anna", 1)]
    assert session.queued_at == minutes(30)  # its age, should he hand it on: the customer waits anew


def test_an_owner_who_kept_the_place_needs_no_second_one() -> None:
    keeps = replace(POLICY, count_awaiting=True)
    session, effects = tell(awaiting(keeps), mail("m2"), facts=Facts(owner=BUSY), policy=keeps)
    assert (session.phase, session.holder, places(effects)) == (Phase.ASSIGNED, "anna", [])


def test_an_answer_waits_for_an_owner_without_a_place_and_is_kept_for_him_a_while() -> None:
    session, effects = tell(awaiting(), mail("m2"), at=minutes(31), facts=Facts(owner=BUSY))
    assert (session.phase, session.assignment, session.queued_at) == (Phase.QUEUED, None, minutes(31))
    assert (session.held_for, timers(effects)[TimerKind.HOLD]) == ("anna", minutes(41))
    assert EnterQueue(queue="support") in effects
    assert NotifyAgent(agent="anna", what="back_in_queue") in effects


def test_an_answer_is_not_kept_for_an_owner_who_is_signed_out() -> None:
    for owner in (GONE, None):
        session, _ = tell(awaiting(), mail("m2"), facts=Facts(owner=owner))
        assert (session.phase, session.held_for) == (Phase.QUEUED, "")


def test_an_answer_at_night_to_an_owner_who_is_not_there_waits_by_the_hour() -> None:
    session, _ = tell(awaiting(), mail("m2", NIGHT), at=NIGHT)
    assert (session.phase, session.not_before) == (Phase.QUEUED, OPENING)
    assert tell(awaiting(), mail("m2", NIGHT), at=NIGHT, policy=OFFLINE)[0].phase is Phase.OFFLINE


def test_the_first_mail_at_night_is_an_offline_message_or_waits_for_the_opening() -> None:
    session, effects = tell(new_session(), mail(at=NIGHT), at=NIGHT)
    assert (session.phase, session.not_before) == (Phase.QUEUED, OPENING)
    session, effects = tell(new_session(), mail(at=NIGHT), at=NIGHT, policy=OFFLINE)
    assert (session.phase, session.is_offline_message) == (Phase.OFFLINE, True)
    assert EnterQueue(queue="support") not in effects


def test_a_new_matter_is_kept_for_who_last_answered_the_customer_where_the_channel_says_so() -> None:
    known = Facts(last_agent=BUSY, last_replied_at=minutes(-60))
    on = replace(POLICY, last_agent=LastAgentPolicy(enabled=True, valid_for=7200.0))
    assert tell(new_session(), mail(), facts=known, policy=on)[0].held_for == "anna"
    assert tell(new_session(), mail(), facts=known)[0].held_for == ""
    assert tell(new_session(), mail(), facts=Facts(last_agent=BUSY), policy=on)[0].held_for == ""
    old = replace(known, last_replied_at=minutes(-121))
    assert tell(new_session(), mail(), facts=old, policy=on)[0].held_for == ""
    stranger = replace(known, last_agent=replace(BUSY, name="chen"))
    assert tell(new_session(), mail(), facts=stranger, policy=on)[0].held_for == ""
    anywhere = replace(on, last_agent=replace(on.last_agent, any_queue=True))
    assert tell(new_session(), mail(), facts=stranger, policy=anywhere)[0].held_for == "chen"
    assert tell(new_session(), mail(), facts=replace(known, last_agent=GONE), policy=on)[0].held_for == ""


def test_a_second_matter_is_kept_for_who_has_the_first_in_hand() -> None:
    assert tell(new_session(), mail(), facts=Facts(holder=BUSY))[0].held_for == "anna"


def test_a_mail_unparks_and_the_owners_time_begins_with_it() -> None:
    parked, _ = tell(assigned(), SessionParked(agent="anna", token="t1"), at=minutes(1))
    session, effects = tell(parked, mail("m2", minutes(9)), at=minutes(9))
    assert (session.parked_since, session.answer_due_since, places(effects)) == (None, minutes(9), [("anna", 1)])


def test_a_mail_during_wrap_up_withdraws_the_ending() -> None:
    session, effects = tell(wrap_up(), mail("m2"), at=minutes(1))
    assert (session.phase, session.holder, session.ended_because) == (Phase.ASSIGNED, "anna", "")
    assert session.answer_due_since == minutes(1)
    assert effects[0] == NotifyAgent(agent="anna", what="customer_wrote")


def test_a_mail_to_an_offline_message_joins_it_and_its_time_to_be_answered_begins_anew() -> None:
    policy = replace(OFFLINE, offline=replace(OFFLINE.offline, contact_within=3600.0))
    session, effects = tell(offline(), mail("m2", minutes(800)), at=minutes(801), policy=policy)
    assert (session.phase, session.unanswered_since, session.queued_at) == (Phase.OFFLINE, NIGHT, NIGHT)
    assert timers(effects) == {TimerKind.CONTACT: minutes(860)}


def test_a_mail_after_the_end_asks_for_a_new_session_however_soon() -> None:
    session, effects = tell(ended(), mail("m2"))
    assert session == ended()
    assert effects == (OpenSession(mail="m2"),)


@pytest.mark.parametrize("phase", [one for one in Phase if one not in {Phase.NEW, Phase.ENDED}])
def test_automatic_mail_changes_nothing_and_is_shown_to_who_has_the_session(phase: Phase) -> None:
    session = EVERY_PHASE[phase]()
    after, effects = tell(session, MessageAttached(mail="m2", mail_class="dsn"))
    assert after == session
    told = session.holder or session.owner
    assert effects == ((NotifyAgent(agent="anna", what="note:dsn"),) if told else ())
