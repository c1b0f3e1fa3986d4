"""What of a decision concerns one agent, as the events his screen gets; pure, and it tells him of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from postroom.ports.happenings import Happening
from postroom.ports.records import JournalEntry
from postroom.session.effects import AnyEffect, AssignToAgent, Ignore, NotifyAgent, OfferToAgent, WithdrawOffer
from postroom.session.events import (
    EndRequested,
    ForwardSubmitted,
    MessageAttached,
    MessageReceived,
    NoteWritten,
    ReplyDelayed,
    ReplyFailed,
    ReplySent,
    ReplySubmitted,
    ReplyWithdrawn,
    SessionParked,
    SessionTransferred,
)
from postroom.session.state import Phase

NOBODYS = frozenset({Phase.NEW, Phase.ROBOT, Phase.QUEUED, Phase.OFFLINE})
"""Phases in which a session is no agent's, whoever has it by the time the decision is read."""


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of an event about a session; only what its kind has is there."""

    session: str
    conversation: str
    at: datetime
    phase: str
    queue: str = ""
    customer: str = ""
    subject: str = ""
    token: str = ""
    expires_at: datetime | None = None
    reason: str = ""
    what: str = ""
    mail: str = ""
    reply: str = ""
    unknown: bool = False


class Event(Struct, frozen=True, kw_only=True):
    """One event of the stream: its name, and its data."""

    name: str
    data: Struct


def events_for(agent: str, happening: Happening) -> Iterator[Event]:
    """Give what the decision means to that agent, in order."""
    for effect in happening.entry.effects:
        yield from _of_effect(agent, happening, effect)
    if _gave_away(agent, happening.entry):
        yield _event("transferred", happening)
    elif _is_his(agent, happening):
        yield from _of_event(happening)


def _of_effect(agent: str, happening: Happening, effect: AnyEffect) -> Iterator[Event]:
    if getattr(effect, "agent", None) != agent:
        return
    match effect:
        case OfferToAgent():
            yield _event("offer", happening, token=effect.token, expires_at=effect.expires_at)
        case WithdrawOffer():
            yield _event("offer_withdrawn", happening, token=effect.token, reason=effect.reason)
        case AssignToAgent():
            yield _event("assigned", happening, token=effect.token)
        case NotifyAgent():
            yield _event("notice", happening, what=effect.what)
        case _:
            pass  # places, counters and the outbox are the house's own


def _of_event(happening: Happening) -> Iterator[Event]:
    match happening.entry.event:
        case MessageReceived(mail=mail):
            yield _event("mail", happening, mail=mail)
        case MessageAttached(mail=mail, mail_class=mail_class):
            yield _event("mail", happening, mail=mail, what=mail_class)
        case ReplySubmitted() | ReplyWithdrawn() | ForwardSubmitted() | ReplySent() | ReplyDelayed() | ReplyFailed():
            yield from _of_reply(happening, happening.entry.event)
        case NoteWritten(agent=author):
            yield _event("note", happening, what=author)
        case SessionParked() if not _is_ignored(happening.entry):
            yield _event("parked", happening)
        case EndRequested() if happening.entry.after is Phase.WRAP_UP and _changed(happening.entry):
            yield _event("wrap_up", happening)
        case _ if happening.entry.after is Phase.ENDED and _changed(happening.entry):
            yield _event("ended", happening, reason=_why_ended(happening))
        case _:
            pass


def _of_reply(
    happening: Happening,
    event: ReplySubmitted | ReplyWithdrawn | ForwardSubmitted | ReplySent | ReplyDelayed | ReplyFailed,
) -> Iterator[Event]:
    match event:
        case ReplySubmitted(reply=reply):
            yield _event("reply", happening, reply=reply, what="accepted")
        case ReplyWithdrawn(reply=reply) if _changed(happening.entry):
            yield _event("reply", happening, reply=reply, what="withdrawn")
        case ForwardSubmitted(reply=reply) if not _is_ignored(happening.entry):
            yield _event("reply", happening, reply=reply, what="forwarded")
        case ReplySent(reply=reply, unknown=unknown):
            yield _event("reply", happening, reply=reply, what="sent", unknown=unknown)
        case ReplyDelayed(reply=reply, words=words):
            yield _event("reply", happening, reply=reply, what="delayed", reason=words)
        case ReplyFailed(reply=reply, words=words):
            yield _event("reply", happening, reply=reply, what="failed", reason=words)
        case _:
            pass  # what came too late


def _why_ended(happening: Happening) -> str:
    return happening.session.ended_because if happening.session is not None else ""


def _gave_away(agent: str, entry: JournalEntry) -> bool:
    """Whether the agent transferred it himself: nothing else tells him that what was his is not any more."""
    event = entry.event
    return isinstance(event, SessionTransferred) and event.by == agent and not _is_ignored(entry)


def _is_ignored(entry: JournalEntry) -> bool:
    return any(isinstance(effect, Ignore) for effect in entry.effects)


def _is_his(agent: str, happening: Happening) -> bool:
    session = happening.session
    if session is None or happening.entry.before in NOBODYS:
        return False
    offered = session.offer is not None and session.offer.agent == agent
    assigned = session.assignment is not None and session.assignment.agent == agent
    return offered or assigned


def _changed(entry: JournalEntry) -> bool:
    return entry.before is not entry.after


def _event(name: str, happening: Happening, **members: object) -> Event:
    entry, session, conversation = happening.entry, happening.session, happening.conversation
    about = Told(
        session=entry.session,
        conversation=entry.conversation,
        at=entry.at,
        phase=entry.after.value,
        queue=session.queue if session else "",
        customer=conversation.customer if conversation else "",
        subject=conversation.subject if conversation else "",
        **members,  # type: ignore[arg-type]  # each caller names members of Told
    )
    return Event(name=name, data=about)
