"""What the owner does, and what becomes of his replies."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.session.effects import EnterQueue, Ignore, NotifyAgent, OpenSession, ReleasePlace, SendReply, TakePlace
from postroom.session.events import EndRequested, OfferExpired, ReplyFailed, ReplySent, ReplySubmitted
from postroom.session.state import Phase
from tests.session.making import NOW, assigned, awaiting, minutes, new_session, offered, queued, tell

FAILED = ReplyFailed(reply="r1", words="550 no such user")


def test_a_reply_goes_out_frees_the_place_and_gives_the_customer_the_word() -> None:
    session, effects = tell(assigned(), ReplySubmitted(agent="anna", token="t1", reply="r1"))
    assert (session.phase, session.holder, session.unanswered_since) == (Phase.AWAITING_CUSTOMER, None, None)
    assert effects == (ReleasePlace(agent="anna"), SendReply(reply="r1"))


def test_a_second_reply_goes_out_too() -> None:
    session, effects = tell(awaiting(), ReplySubmitted(agent="anna", token="t1", reply="r2"))
    assert (session, effects) == (awaiting(), (SendReply(reply="r2"),))


def test_a_reply_or_an_end_from_before_a_change_of_owner_is_stale() -> None:
    for session in (assigned(), awaiting()):
        for event in (
            ReplySubmitted(agent="anna", token="old", reply="r1"),
            ReplySubmitted(agent="bernd", token="t1", reply="r1"),
            EndRequested(agent="anna", token="old"),
        ):
            after, effects = tell(session, event)
            assert after == session
            assert effects == (Ignore(reason="the session is not assigned to you", holder="anna"),)


def test_the_end_frees_a_place_only_where_one_was_held() -> None:
    end = EndRequested(agent="anna", token="t1", reason="solved")
    session, effects = tell(assigned(), end, at=minutes(7))
    assert (session.phase, session.ended_at, session.ended_because) == (Phase.ENDED, minutes(7), "solved")
    assert effects == (ReleasePlace(agent="anna"),)
    assert tell(awaiting(), end)[1] == ()


def test_the_first_sent_reply_is_the_first_response() -> None:
    session, _ = tell(awaiting(), ReplySent(reply="r1", sent_at=minutes(2)))
    session, _ = tell(session, ReplySent(reply="r2", sent_at=minutes(9)))
    assert (session.first_replied_at, session.replied_at) == (minutes(2), minutes(9))


def test_a_reply_that_reached_nobody_is_work_for_its_agent_again() -> None:
    session, effects = tell(awaiting(), FAILED, at=minutes(5))
    assert (session.phase, session.holder, session.unanswered_since) == (Phase.ASSIGNED, "anna", minutes(5))
    assert TakePlace(agent="anna") in effects
    assert NotifyAgent(agent="anna", what="reply_failed") in effects


def test_a_reply_that_reached_nobody_while_its_owner_still_works_is_told_to_him() -> None:
    session, effects = tell(assigned(), FAILED)
    assert session == assigned()
    assert effects == (NotifyAgent(agent="anna", what="reply_failed"),)


def test_a_reply_that_reached_nobody_while_the_session_waits_keeps_its_place() -> None:
    back = tell(offered(), OfferExpired(token="t1"))[0]
    for session in (queued(), back, offered()):
        after, effects = tell(session, FAILED, at=minutes(5))
        assert (after.phase, after.queued_at, effects) == (session.phase, NOW, ())


def test_a_reply_that_fails_after_the_end_opens_a_new_session_in_the_queue() -> None:
    ended, _ = tell(awaiting(), EndRequested(agent="anna", token="t1"))
    assert tell(ended, FAILED)[1] == (OpenSession(mail="r1"),)
    session, effects = tell(new_session(), FAILED, at=minutes(5))
    assert (session.phase, session.queue, session.unanswered_since) == (Phase.QUEUED, "support", minutes(5))
    assert effects == (EnterQueue(queue="support"),)


def test_a_reply_that_reached_nobody_and_whose_owner_is_gone_waits_in_its_queue() -> None:
    ownerless = replace(awaiting(), assignment=None)
    session, effects = tell(ownerless, FAILED, at=minutes(5))
    assert (session.phase, session.queue, session.queued_at) == (Phase.QUEUED, "support", minutes(5))
    assert effects == (EnterQueue(queue="support"),)
