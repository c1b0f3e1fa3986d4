"""Which text tells a customer that his mail waits, and that it is decided where he begins to wait."""

from __future__ import annotations

from datetime import UTC, date

import pytest
from msgspec.structs import replace

from postroom.routing.calendar import Calendar
from postroom.routing.hours import ServiceTime
from postroom.session.automatic import AutomaticKind, AutomaticPolicy, Reason
from postroom.session.effects import AnyEffect, SendAutomatic, SuppressAutomatic
from postroom.session.events import RobotHandedOff
from postroom.session.facts import Facts, QueueFact
from postroom.session.policy import Policy
from tests.session.making import (
    ANSWERABLE,
    ASKABLE,
    BUSY,
    NIGHT,
    OFFLINE,
    ROBOT,
    TEXTS,
    asked,
    awaiting,
    mail,
    new_session,
    offline,
    tell,
)

WITHOUT = replace(TEXTS, automatic=AutomaticPolicy(texts=frozenset({AutomaticKind.WORKING, AutomaticKind.NON_WORKING})))
HOLIDAY = ServiceTime(workday=((480, 1080),), zone=UTC, calendar=Calendar(holidays={date(2026, 3, 2): "Founders' day"}))


def sent(effects: tuple[AnyEffect, ...]) -> list[AutomaticKind]:
    return [effect.kind for effect in effects if isinstance(effect, SendAutomatic)]


def why_not(effects: tuple[AnyEffect, ...]) -> list[Reason]:
    return [effect.reason for effect in effects if isinstance(effect, SuppressAutomatic)]


LONG = replace(ASKABLE, queue=QueueFact(name="support", waiting=20))
KINDS = [
    (ASKABLE, TEXTS, False, AutomaticKind.WORKING),
    (LONG, TEXTS, False, AutomaticKind.BACKLOG),
    (LONG, WITHOUT, False, AutomaticKind.WORKING),
    (replace(ASKABLE, queue=QueueFact(name="support", waiting=19)), TEXTS, False, AutomaticKind.WORKING),
    (LONG, TEXTS, True, AutomaticKind.NON_WORKING),
    (ASKABLE, replace(TEXTS, hours=HOLIDAY), False, AutomaticKind.HOLIDAY),
    (ASKABLE, replace(WITHOUT, hours=HOLIDAY), False, AutomaticKind.NON_WORKING),
]


@pytest.mark.parametrize(("facts", "policy", "by_night", "kind"), KINDS)
def test_the_text_is_by_the_hour(facts: Facts, policy: Policy, by_night: bool, kind: AutomaticKind) -> None:
    when = NIGHT if by_night else mail().received_at
    fresh = replace(facts, automatic=replace(ANSWERABLE, received_at=when))
    session, effects = tell(new_session(), mail(at=when), at=when, facts=fresh, policy=policy)
    assert sent(effects) == [kind]
    assert session.auto_replied


def test_why_none_is_sent_is_said() -> None:
    shadow = replace(TEXTS, is_shadow=True)
    assert why_not(tell(new_session(), mail(), facts=ASKABLE)[1]) == [Reason.NO_TEXT]
    assert why_not(tell(new_session(), mail(), facts=ASKABLE, policy=shadow)[1]) == [Reason.SHADOW]
    assert why_not(tell(new_session(), mail(), policy=TEXTS)[1]) == [Reason.NO_MAIL]
    often = Facts(automatic=replace(ANSWERABLE, to_sender_in_a_day=10))
    session, effects = tell(new_session(), mail(), facts=often, policy=TEXTS)
    assert (why_not(effects), session.auto_replied) == ([Reason.DAY_CAP], False)
    silent = replace(awaiting(), no_automatic_mail=True)
    assert why_not(tell(silent, mail("m2"), facts=ASKABLE, policy=TEXTS)[1]) == [Reason.NO_MAIL]


def test_with_a_robot_it_is_decided_when_people_take_over() -> None:
    policy = replace(ROBOT, automatic=TEXTS.automatic)
    _, effects = tell(new_session(), mail(), facts=ASKABLE, policy=policy)
    assert (sent(effects), why_not(effects)) == ([], [])
    _, effects = tell(asked(), RobotHandedOff(turn=1, reason=""), facts=ASKABLE, policy=policy)
    assert sent(effects) == [AutomaticKind.WORKING]


def test_an_answer_that_waits_for_a_busy_owner_is_confirmed_too() -> None:
    facts = replace(ASKABLE, owner=BUSY)
    assert sent(tell(awaiting(), mail("m2"), facts=facts, policy=TEXTS)[1]) == [AutomaticKind.WORKING]


def test_every_mail_to_an_offline_message_is_confirmed_where_the_channel_says_so() -> None:
    had_one = Facts(automatic=replace(ANSWERABLE, received_at=NIGHT, sent_in_session=1))
    each = replace(OFFLINE, automatic=replace(TEXTS.automatic, each=True))
    _, effects = tell(offline(), mail("m2", NIGHT), at=NIGHT, facts=had_one, policy=each)
    assert sent(effects) == [AutomaticKind.NON_WORKING]
    once = replace(OFFLINE, automatic=TEXTS.automatic)
    _, effects = tell(offline(), mail("m2", NIGHT), at=NIGHT, facts=had_one, policy=once)
    assert (sent(effects), why_not(effects)) == ([], [])
