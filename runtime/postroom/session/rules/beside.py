"""What is done beside the answer: notes among colleagues, and mails forwarded to others. Whose word it is stays.

A forward is no answer to the customer: it changes no phase, ends no clock of his and counts as no reply of the agent's.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from postroom.session.effects import SendReply
from postroom.session.events import ForwardFailed, ForwardSubmitted, NoteWritten
from postroom.session.facts import Facts
from postroom.session.policy import Policy
from postroom.session.rules import waiting
from postroom.session.rules.ruling import NOT_YOURS, Ruling, ignored, is_owner
from postroom.session.state import Session


def at_it(session: Session, now: datetime) -> Session:
    """Who works on an answer has his time for it begin anew, once."""
    if session.wrote_something or session.answer_due_since is None:
        return session
    return replace(session, wrote_something=True, answer_due_since=now)


def noted(session: Session, event: NoteWritten, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """A note is kept whoever wrote it; the owner's shows that he is at it."""
    return (at_it(session, now) if is_owner(session, event.agent, event.token) else session), ()


def forwarded(session: Session, event: ForwardSubmitted, _facts: Facts, _policy: Policy, now: datetime) -> Ruling:
    """The mail goes out to somebody else; the owner is at it, and the customer still waits for his answer."""
    if not is_owner(session, event.agent, event.token):
        return ignored(session, NOT_YOURS)
    return at_it(session, now), (SendReply(reply=event.reply),)


def forward_failed(session: Session, _event: ForwardFailed, _facts: Facts, _policy: Policy, _now: datetime) -> Ruling:
    """Nobody it was forwarded to got it: the owner is told, and nothing else changes."""
    return session, waiting.tell_owner(session, "forward_failed")
