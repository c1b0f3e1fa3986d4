"""A mail's whole decision trace: what was found when it came, and every later decision about it, from the journal.

One function builds it for whoever shows it. A decision is about a mail where its event brings that mail, where it
answers it by itself or asks a robot about it, or where it is the robot's word or the clock's while that mail is the
newest of its session.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from postroom.engine import trace
from postroom.ports.records import JournalEntry, StoredMail, TraceLine
from postroom.ports.store import Tx
from postroom.session.effects import AskRobot, SendAutomatic, SendRobotAnswer
from postroom.session.events import (
    MaxWaitReached,
    MessageAttached,
    MessageReceived,
    OpeningReached,
    ReminderFellDue,
    RobotAnswered,
    RobotHandedOff,
    RobotTimedOut,
)
from postroom.session.state import ConversationId, SessionId

_OF_THE_NEWEST = RobotAnswered | RobotHandedOff | RobotTimedOut | ReminderFellDue | MaxWaitReached | OpeningReached


def with_history(tx: Tx, mails: Sequence[StoredMail]) -> tuple[StoredMail, ...]:
    """The mails with their traces as far as they go; the journal of each conversation is read once."""
    read: dict[ConversationId, Sequence[JournalEntry]] = {}
    for mail in mails:
        if mail.conversation is not None and mail.conversation not in read:
            read[mail.conversation] = tx.journal.of_conversation(mail.conversation)
    return tuple(
        replace(mail, trace=whole_trace(mail, read[mail.conversation])) if mail.conversation else mail for mail in mails
    )


def whole_trace(mail: StoredMail, entries: Sequence[JournalEntry]) -> tuple[TraceLine, ...]:
    """The mail's own trace, then a line for each decision about it with its verdicts that are not on it yet."""
    lines = list(mail.trace)
    for entry in _about(mail.id, entries):
        lines.append(_decision(entry))
        lines += [line for line in trace.decided(entry.effects) if line not in lines]
    return tuple(lines)


def _about(mail: str, entries: Sequence[JournalEntry]) -> Iterator[JournalEntry]:
    newest: dict[SessionId, str] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, MessageReceived):
            newest[entry.session] = event.mail
        brings = isinstance(event, MessageReceived | MessageAttached) and event.mail == mail
        answers = any(_answered_by(effect) == mail for effect in entry.effects)
        if brings or answers or (isinstance(event, _OF_THE_NEWEST) and newest.get(entry.session) == mail):
            yield entry


def _answered_by(effect: object) -> str:
    return effect.mail if isinstance(effect, SendAutomatic | AskRobot | SendRobotAnswer) else ""


def _decision(entry: JournalEntry) -> TraceLine:
    """Which event was decided, when, and where the session went."""
    moved = f"{entry.before.value} -> {entry.after.value}"
    what = str(entry.event.__struct_config__.tag)
    return TraceLine(step="decision", verdict=moved, evidence=f"{what} at {entry.at.isoformat()}")
