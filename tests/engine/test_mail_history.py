"""A mail's whole trace: its own lines first, then each later decision about it, and nothing of other mails."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from postroom.engine.mail_history import whole_trace
from postroom.ports.records import JournalEntry, TraceLine
from postroom.session import events as e
from postroom.session.automatic import AutomaticKind, Reason
from postroom.session.effects import (
    AnyEffect,
    AskRobot,
    Ignore,
    KeepRobotNote,
    Noted,
    OpenSession,
    SendAutomatic,
    SendRobotAnswer,
    SuppressAutomatic,
)
from postroom.session.state import Phase
from tests.store.samples import NOW, entry, mail

MAIL = replace(mail("m1"), trace=(TraceLine(step="route", verdict="help"),))


def received(name: str, *effects: AnyEffect, before: Phase = Phase.NEW, after: Phase = Phase.QUEUED) -> JournalEntry:
    return decided(e.MessageReceived(mail=name, received_at=NOW), *effects, before=before, after=after)


def decided(
    event: e.AnyEvent, *effects: AnyEffect, before: Phase = Phase.ROBOT, after: Phase = Phase.ROBOT
) -> JournalEntry:
    return replace(entry(), at=NOW + timedelta(seconds=1), event=event, before=before, after=after, effects=effects)


def shown(*entries: JournalEntry) -> list[tuple[str, str]]:
    return [(line.step, line.verdict) for line in whole_trace(MAIL, entries)][1:]


def test_a_mail_nothing_was_decided_about_has_its_own_lines() -> None:
    assert whole_trace(MAIL, ()) == MAIL.trace


def test_what_became_of_a_mail_is_told_in_order() -> None:
    suppressed = SuppressAutomatic(kind=AutomaticKind.WORKING, reason=Reason.NO_TEXT, words="the channel has no text")
    assert shown(
        received("m1", OpenSession(mail="m1"), before=Phase.ENDED, after=Phase.ENDED),
        received("m1", AskRobot(robot="faq", turn=1, mail="m1"), after=Phase.ROBOT),
        decided(e.RobotAnswered(turn=1, text="Try this."), SendRobotAnswer(turn=1, text="Try this.", mail="m1")),
        decided(e.RobotHandedOff(turn=2, reason="unsure"), Noted(what="robot", words="leaves"), suppressed),
        decided(e.RobotAnswered(turn=2, text="Late."), KeepRobotNote(turn=2, text="Late.")),
        decided(e.ReminderFellDue(), SendAutomatic(kind=AutomaticKind.REMINDER, mail="m1")),
    ) == [
        ("decision", "ended -> ended"),
        ("session", "over: a new one is opened"),
        ("decision", "new -> robot"),
        ("robot", "faq is asked"),
        ("decision", "robot -> robot"),
        ("robot", "its answer is sent"),
        ("decision", "robot -> robot"),
        ("robot", "leaves"),
        ("automatic_reply", "not sent"),
        ("decision", "robot -> robot"),
        ("robot", "its answer came too late: a note"),
        ("decision", "robot -> robot"),
        ("automatic_reply", "sent"),
    ]


def test_other_mails_and_what_agents_do_are_not_told() -> None:
    assert (
        shown(
            received("m2"),
            decided(e.RobotHandedOff(turn=1, reason="unsure")),
            decided(e.EndRequested(agent="eve", token="t"), Ignore(reason="no")),
        )
        == []
    )


def test_the_robots_word_is_about_the_newest_mail_of_its_session() -> None:
    other = replace(decided(e.RobotTimedOut()), session="s9")
    assert shown(received("m1"), other, received("m2"), decided(e.RobotTimedOut())) == [("decision", "new -> queued")]


def test_a_note_beside_the_conversation_is_told() -> None:
    assert shown(decided(e.MessageAttached(mail="m1", mail_class="dsn"))) == [("decision", "robot -> robot")]


def test_what_stands_on_the_mail_already_is_not_told_twice() -> None:
    noted = Noted(what="work_time", words="closed")
    own = replace(MAIL, trace=(TraceLine(step="work_time", verdict="closed"),))
    lines = whole_trace(own, (received("m1", noted),))
    assert [line.step for line in lines] == ["work_time", "decision"]
