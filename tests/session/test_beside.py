"""Notes and forwards: whose word it is never changes, and the owner's time to answer begins anew once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from postroom.session.effects import Ignore, NotifyAgent, SendReply
from postroom.session.events import ForwardFailed, ForwardSubmitted, NoteWritten
from postroom.session.rules.ruling import NOT_YOURS
from postroom.session.state import Phase, Session
from tests.session.making import POLICY, assigned, awaiting, mail, minutes, new_session, queued, tell

FORWARD = ForwardSubmitted(agent="anna", token="t1", reply="f1")


@pytest.mark.parametrize("session", [queued(), assigned(), awaiting()])
def test_a_note_of_anybody_changes_nothing(session: Session) -> None:
    assert tell(session, NoteWritten(agent="bernd", text="He called."), at=minutes(5)) == (session, ())


def test_a_note_of_the_owner_lets_his_time_begin_anew_once() -> None:
    wrote = NoteWritten(agent="anna", token="t1", text="I ask the workshop.")
    once, _ = tell(assigned(), wrote, at=minutes(5))
    assert (once.answer_due_since, once.wrote_something) == (minutes(5), True)
    assert tell(once, wrote, at=minutes(9))[0] == once


def test_a_forward_goes_out_and_the_customer_still_waits() -> None:
    before = assigned()
    after, effects = tell(before, FORWARD, at=minutes(5))
    assert effects[0] == SendReply(reply="f1")
    assert replace(after, answer_due_since=before.answer_due_since, wrote_something=False) == before
    assert after.answer_due_since == minutes(5)


def test_a_forward_while_the_customer_has_the_word_leaves_his_silence_alone() -> None:
    before = awaiting()
    assert tell(before, FORWARD, at=minutes(5)) == (before, (SendReply(reply="f1"),))


@pytest.mark.parametrize("session", [assigned(), awaiting()])
def test_a_forward_under_an_older_token_is_refused(session: Session) -> None:
    after, effects = tell(session, replace(FORWARD, token="older"))
    assert (after, effects) == (session, (Ignore(reason=NOT_YOURS, holder="anna"),))


def test_a_forward_that_reaches_nobody_is_told_to_the_owner_and_changes_no_phase() -> None:
    session, effects = tell(awaiting(), ForwardFailed(reply="f1", words="no such user"))
    assert session.phase is Phase.AWAITING_CUSTOMER
    assert effects == (NotifyAgent(agent="anna", what="forward_failed"),)


def test_a_session_has_the_labels_of_its_channel_and_of_the_routes_of_its_mails() -> None:
    policy = replace(POLICY, labels=("gold",))
    first, _ = tell(new_session(), replace(mail(), labels=("web", "gold")), policy=policy)
    assert first.labels == ("gold", "web")
    again, _ = tell(first, replace(mail("m2"), labels=("phone",)), policy=policy)
    assert again.labels == ("gold", "web", "phone")
