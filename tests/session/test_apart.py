"""A session whose customer waits for nothing any more once a mail was taken out of it is over."""

from __future__ import annotations

from msgspec.structs import replace

from postroom.session.apart import is_over_without
from postroom.session.state import Phase
from tests.session.making import minutes, new_session

WAITS = replace(new_session(), phase=Phase.ASSIGNED, unanswered_since=minutes(5))


def test_the_only_mail_that_was_not_answered_ends_it() -> None:
    assert is_over_without(WAITS, minutes(5), [])
    assert is_over_without(WAITS, minutes(6), [minutes(1), minutes(4)])


def test_another_mail_that_was_not_answered_keeps_it() -> None:
    assert not is_over_without(WAITS, minutes(6), [minutes(1), minutes(5)])


def test_an_answered_mail_ends_nothing() -> None:
    assert not is_over_without(WAITS, minutes(4), [])
    assert not is_over_without(replace(WAITS, unanswered_since=None), minutes(5), [])


def test_what_has_ended_ends_no_second_time() -> None:
    assert not is_over_without(replace(WAITS, phase=Phase.ENDED), minutes(5), [])
