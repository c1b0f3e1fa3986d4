"""Automatic replies: each reason against one, and laws that hold over any history."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from postroom.session.automatic import (
    DAY,
    RULES,
    TEN_MINUTES,
    AutomaticFacts,
    AutomaticKind,
    AutomaticPolicy,
    Reason,
    Send,
    Suppressed,
    automatic_reply,
)
from tests.session.making import NOW, minutes

ALL = AutomaticPolicy(texts=frozenset(AutomaticKind))
EACH = replace(ALL, each=True)
FACTS = AutomaticFacts(mail="m1", received_at=NOW, answerable=True, recipient="ann@customer.example")
CONFIRMING = tuple(kind for kind in AutomaticKind if kind is not AutomaticKind.REMINDER)


def reason(kind: AutomaticKind, facts: AutomaticFacts, policy: AutomaticPolicy = ALL) -> Reason | None:
    found = automatic_reply(kind, facts, policy, NOW)
    return found.reason if isinstance(found, Suppressed) else None


@pytest.mark.parametrize("kind", AutomaticKind)
def test_a_fresh_mail_of_a_person_is_answered(kind: AutomaticKind) -> None:
    assert automatic_reply(kind, FACTS, ALL, NOW) == Send(kind=kind)


@pytest.mark.parametrize("kind", AutomaticKind)
def test_a_kind_without_a_text_is_never_sent(kind: AutomaticKind) -> None:
    others = replace(ALL, texts=frozenset(AutomaticKind) - {kind})
    assert reason(kind, FACTS, others) is Reason.NO_TEXT


AGAINST = [
    (replace(FACTS, paused=True), Reason.PAUSED),
    (replace(FACTS, answerable=False, why_not="list: list"), Reason.NOT_ANSWERABLE),
    (replace(FACTS, recipient=""), Reason.NOBODY),
    (replace(FACTS, undeliverable=True), Reason.UNDELIVERABLE),
    (replace(FACTS, new_participant=True), Reason.UNCONFIRMED),
    (replace(FACTS, received_at=minutes(-1), start_from=NOW), Reason.BEFORE_START),
    (replace(FACTS, to_sender_in_ten_minutes=3), Reason.TEN_MINUTE_CAP),
    (replace(FACTS, to_sender_in_a_day=10), Reason.DAY_CAP),
    (replace(FACTS, breaker_open=True), Reason.BREAKER),
]
AGAINST_CONFIRMING = [
    (replace(FACTS, received_at=NOW - timedelta(hours=25)), Reason.OLD),
    (replace(FACTS, mail_answered=True), Reason.MAIL_ANSWERED),
    (replace(FACTS, copy_answered=True), Reason.COPY_ANSWERED),
    (replace(FACTS, sent_in_session=1), Reason.ONCE_A_SESSION),
    (replace(FACTS, last_in_conversation=minutes(-60)), Reason.AGAIN_AFTER),
]


@pytest.mark.parametrize("kind", AutomaticKind)
@pytest.mark.parametrize(("facts", "why"), AGAINST)
def test_each_reason_suppresses_every_kind(kind: AutomaticKind, facts: AutomaticFacts, why: Reason) -> None:
    assert reason(kind, facts) is why


@pytest.mark.parametrize("kind", CONFIRMING)
@pytest.mark.parametrize(("facts", "why"), AGAINST_CONFIRMING)
def test_each_reason_suppresses_what_confirms_a_mail(kind: AutomaticKind, facts: AutomaticFacts, why: Reason) -> None:
    assert reason(kind, facts) is why


@pytest.mark.parametrize(("facts", "why"), AGAINST_CONFIRMING)
def test_a_reminder_is_late_on_purpose_and_confirms_nothing(facts: AutomaticFacts, why: Reason) -> None:
    assert why in Reason
    assert reason(AutomaticKind.REMINDER, facts) is None


def test_a_session_is_reminded_once() -> None:
    assert reason(AutomaticKind.REMINDER, replace(FACTS, reminded=True)) is Reason.ONCE_A_SESSION
    assert reason(AutomaticKind.WORKING, replace(FACTS, reminded=True)) is None


def test_the_conversation_is_answered_again_once_the_time_is_over() -> None:
    assert reason(AutomaticKind.WORKING, replace(FACTS, last_in_conversation=NOW - DAY)) is None


def test_with_each_every_mail_to_an_offline_session_is_answered_once() -> None:
    later = replace(FACTS, offline=True, sent_in_session=2, last_in_conversation=minutes(-1))
    assert reason(AutomaticKind.NON_WORKING, later, EACH) is None
    assert reason(AutomaticKind.NON_WORKING, replace(later, mail_answered=True), EACH) is Reason.MAIL_ANSWERED
    assert reason(AutomaticKind.NON_WORKING, replace(later, offline=False), EACH) is Reason.ONCE_A_SESSION
    assert reason(AutomaticKind.NON_WORKING, later, ALL) is Reason.ONCE_A_SESSION


def test_a_mail_of_which_nothing_is_known_is_not_answered() -> None:
    found = automatic_reply(AutomaticKind.WORKING, AutomaticFacts(mail="m", received_at=NOW), ALL, NOW)
    assert isinstance(found, Suppressed)
    assert found.reason is Reason.NOT_ANSWERABLE
    assert found.words


def test_a_clock_set_back_answers_nobody_twice() -> None:
    assert reason(AutomaticKind.WORKING, replace(FACTS, last_in_conversation=minutes(60))) is Reason.AGAIN_AFTER


FACT = st.builds(
    AutomaticFacts,
    mail=st.just("m"),
    received_at=st.integers(-3000, 60).map(minutes),
    answerable=st.booleans(),
    recipient=st.sampled_from(["", "ann@customer.example"]),
    new_participant=st.booleans(),
    start_from=st.none() | st.integers(-3000, 60).map(minutes),
    offline=st.booleans(),
    mail_answered=st.booleans(),
    copy_answered=st.booleans(),
    sent_in_session=st.integers(0, 2),
    reminded=st.booleans(),
    last_in_conversation=st.none() | st.integers(-3000, 60).map(minutes),
    to_sender_in_ten_minutes=st.integers(0, 4),
    to_sender_in_a_day=st.integers(0, 11),
    breaker_open=st.booleans(),
    paused=st.booleans(),
)
POLICY = st.builds(
    AutomaticPolicy,
    texts=st.frozensets(st.sampled_from(AutomaticKind)),
    again_after=st.sampled_from([60.0, 86_400.0]),
    each=st.booleans(),
)


@given(st.sampled_from(AutomaticKind), FACT, POLICY)
def test_what_is_sent_has_nothing_against_it_and_what_is_not_has_words(
    kind: AutomaticKind, facts: AutomaticFacts, policy: AutomaticPolicy
) -> None:
    found = automatic_reply(kind, facts, policy, NOW)
    if isinstance(found, Suppressed):
        assert found.words
        return
    assert kind in policy.texts
    assert facts.answerable
    assert facts.recipient
    assert not facts.new_participant
    assert not facts.paused
    assert not facts.breaker_open
    assert facts.start_from is None or facts.received_at >= facts.start_from
    assert facts.to_sender_in_ten_minutes < policy.in_ten_minutes
    assert facts.to_sender_in_a_day < policy.in_a_day
    assert kind is AutomaticKind.REMINDER or NOW - facts.received_at <= DAY


@given(FACT, POLICY, st.sampled_from(AutomaticKind))
def test_one_more_reason_never_lets_a_reply_out(
    facts: AutomaticFacts, policy: AutomaticPolicy, kind: AutomaticKind
) -> None:
    if isinstance(automatic_reply(kind, facts, policy, NOW), Send):
        return
    for worse in (
        replace(facts, paused=True),
        replace(facts, answerable=False),
        replace(facts, to_sender_in_a_day=facts.to_sender_in_a_day + 1),
        replace(facts, sent_in_session=facts.sent_in_session + 1),
    ):
        assert isinstance(automatic_reply(kind, worse, policy, NOW), Suppressed)


class Mail(Struct, frozen=True):
    """A mail of a story: after how many seconds, by whom, in which conversation, and how it finds us."""

    pause: int
    sender: str
    conversation: int
    opens_session: bool
    offline: bool
    kind: AutomaticKind


class Sent(Struct, frozen=True):
    """A reply that was let out."""

    at: datetime
    mail: int
    sender: str
    conversation: int
    session: int
    kind: AutomaticKind
    offline: bool


MAIL = st.builds(
    Mail,
    st.sampled_from([0, 1, 60, 599, 601, 3600, 80_000, 86_401]),
    st.sampled_from(["ann", "bob"]),
    st.integers(0, 30),
    st.booleans(),
    st.booleans(),
    st.sampled_from(AutomaticKind),
)


def _facts(number: int, mail: Mail, session: int, sent: list[Sent], now: datetime) -> AutomaticFacts:
    to_sender = [one for one in sent if one.sender == mail.sender]
    confirmed = [one for one in sent if one.conversation == mail.conversation and one.kind in CONFIRMING]
    return AutomaticFacts(
        mail=str(number),
        received_at=now,
        answerable=True,
        recipient=mail.sender,
        offline=mail.offline,
        sent_in_session=sum(one.session == session for one in confirmed),
        reminded=any(one.session == session and one.kind is AutomaticKind.REMINDER for one in sent),
        last_in_conversation=max((one.at for one in confirmed), default=None),
        to_sender_in_ten_minutes=sum(one.at > now - TEN_MINUTES for one in to_sender),
        to_sender_in_a_day=sum(one.at > now - DAY for one in to_sender),
    )


def _lived(mails: list[Mail], policy: AutomaticPolicy) -> list[Sent]:
    sent: list[Sent] = []
    now, sessions = NOW, Counter[int]()
    for number, mail in enumerate(mails):
        now += timedelta(seconds=mail.pause)
        sessions[mail.conversation] += mail.opens_session
        session = 1000 * mail.conversation + sessions[mail.conversation]
        found = automatic_reply(mail.kind, _facts(number, mail, session, sent, now), policy, now)
        if isinstance(found, Send):
            sent.append(Sent(now, number, mail.sender, mail.conversation, session, mail.kind, mail.offline))
    return sent


@given(st.lists(MAIL, max_size=60), st.booleans())
def test_no_history_takes_a_sender_over_the_caps(mails: list[Mail], each: bool) -> None:
    sent = _lived(mails, EACH if each else ALL)
    for last in sent:
        before = [one.at for one in sent if one.sender == last.sender and one.at <= last.at]
        assert sum(at > last.at - TEN_MINUTES for at in before) <= 3
        assert sum(at > last.at - DAY for at in before) <= 10


@given(st.lists(MAIL, max_size=60))
def test_a_session_has_one_and_a_conversation_one_a_day(mails: list[Mail]) -> None:
    sent = _lived(mails, ALL)
    assert all(count == 1 for count in Counter((one.session, one.kind in CONFIRMING) for one in sent).values())
    confirmed = [one for one in sent if one.kind in CONFIRMING]
    for earlier, later in pairwise(confirmed):
        if earlier.conversation == later.conversation:
            assert later.at - earlier.at >= DAY


@given(st.lists(MAIL, max_size=60))
def test_only_an_offline_session_is_answered_more_than_once(mails: list[Mail]) -> None:
    by_session: dict[int, list[Sent]] = {}
    for one in _lived(mails, EACH):
        if one.kind in CONFIRMING:
            by_session.setdefault(one.session, []).append(one)
    for sent in by_session.values():
        assert all(later.offline for later in sent[1:])


def test_every_rule_is_asked() -> None:
    """Shadow and a session without a mail are no matter of the mail: rules/confirming.py has them."""
    assert len(RULES) == len(set(Reason) - {Reason.SHADOW, Reason.NO_MAIL})
