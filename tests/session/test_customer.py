"""What a customer's mail does, phase by phase."""

from __future__ import annotations

from postroom.session.effects import AssignToAgent, EnterQueue, NotifyAgent, OpenSession, TakePlace
from postroom.session.events import EndRequested, MessageAttached, MessageReceived
from postroom.session.state import Phase
from tests.session.making import NOW, assigned, awaiting, mail, minutes, new_session, offered, queued, tell


def test_the_first_mail_puts_the_session_in_the_channels_queue() -> None:
    session, effects = tell(new_session(), mail(at=minutes(-5)))
    assert (session.phase, session.queue, session.queued_at) == (Phase.QUEUED, "support", NOW)
    assert session.unanswered_since == minutes(-5)
    assert effects == (EnterQueue(queue="support"),)


def test_a_route_may_name_another_queue_and_priority() -> None:
    session, _ = tell(new_session(), MessageReceived(mail="m", received_at=NOW, queue="sales", priority=7))
    assert (session.queue, session.priority) == ("sales", 7)


def test_a_second_mail_keeps_the_place_in_the_queue_and_the_oldest_unanswered_mail() -> None:
    session, effects = tell(queued(), mail("m2", minutes(9)), at=minutes(9))
    assert session == queued()
    assert effects == ()


def test_a_mail_during_an_offer_is_shown_with_the_same_offer() -> None:
    before = offered()
    session, effects = tell(before, mail("m2", minutes(1)))
    assert session == before
    assert effects == (NotifyAgent(agent="anna", what="customer_wrote"),)


def test_a_mail_to_an_assigned_session_tells_its_owner_and_counts_from_the_oldest() -> None:
    session, effects = tell(assigned(), mail("m2", minutes(3)))
    assert (session.phase, session.unanswered_since) == (Phase.ASSIGNED, NOW)
    assert effects == (NotifyAgent(agent="anna", what="customer_wrote"),)


def test_an_answer_goes_to_the_owner_who_is_ready_with_a_place() -> None:
    session, effects = tell(awaiting(), mail("m2", minutes(60)), can_take=True)
    assert (session.phase, session.holder, session.unanswered_since) == (Phase.ASSIGNED, "anna", minutes(60))
    assert effects[:2] == (TakePlace(agent="anna"), AssignToAgent(agent="anna", token="t1"))


def test_an_answer_goes_to_the_queue_when_the_owner_cannot_take_it() -> None:
    session, effects = tell(awaiting(), mail("m2", minutes(60)), at=minutes(61))
    assert (session.phase, session.assignment, session.queued_at) == (Phase.QUEUED, None, minutes(61))
    assert EnterQueue(queue="support") in effects
    assert NotifyAgent(agent="anna", what="back_in_queue") in effects


def test_a_mail_after_the_end_asks_for_a_new_session_however_soon() -> None:
    ended, _ = tell(assigned(), EndRequested(agent="anna", token="t1"))
    session, effects = tell(ended, mail("m2"))
    assert session == ended
    assert effects == (OpenSession(mail="m2"),)


def test_automatic_mail_changes_no_phase_and_is_shown_to_the_holder() -> None:
    for session in (queued(), offered(), assigned(), awaiting()):
        after, effects = tell(session, MessageAttached(mail="m2", mail_class="dsn"))
        assert after == session
        told = (NotifyAgent(agent="anna", what="note:dsn"),) if session.holder else ()
        assert effects == told
