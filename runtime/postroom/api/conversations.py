"""A conversation as its agent reads it: sessions, mails, drafts, notes, and replies with what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from postroom.api.access import conversation_for, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.drafts import DraftView, draft_view
from postroom.api.mail_view import MOST_ADDRESSES, MailView, mail_view
from postroom.api.parts import ApiParts, Parts
from postroom.api.reply_view import ReplyView, reply_view
from postroom.api.session_view import SessionView, session_view
from postroom.ports.records import Attempt as Try
from postroom.ports.records import Conversation, Draft, Reply, StoredMail
from postroom.ports.store import Tx
from postroom.session.effects import KeepRobotNote
from postroom.session.events import NoteWritten
from postroom.session.state import ConversationId, Session

MOST_SESSIONS = 100
"""Earlier sessions shown, and notes."""

Shown = Annotated[int, QueryParameter(ge=1, le=200, description="How many of the newest mails are shown.")]


class NoteView(Struct, frozen=True, kw_only=True):
    """A note on the conversation, which no customer ever got: an agent's, or what a robot said too late."""

    session: str
    at: datetime
    text: str
    turn: int = 0
    """The robot's turn; 0 where an agent wrote it."""
    agent: str = ""


class ConversationView(Struct, frozen=True, kw_only=True):
    """A thread with a customer, its newest mails oldest first; `more` where older ones are not shown.

    `session` is the newest period of service, `earlier` are those before it, the oldest first; automatic replies stand
    among the mails and replies.
    """

    id: str
    channel: str
    customer: str
    subject: str
    created_at: datetime
    last_mail_at: datetime
    related: str | None
    participants: tuple[str, ...]
    labels: tuple[str, ...]
    """Those of all its sessions."""
    session: SessionView
    earlier: tuple[SessionView, ...]
    mails: tuple[MailView, ...]
    more: bool
    replies: tuple[ReplyView, ...]
    drafts: tuple[DraftView, ...]
    notes: tuple[NoteView, ...]


class _Read(Struct, frozen=True, kw_only=True):
    conversation: Conversation
    session: Session
    earlier: tuple[Session, ...]
    mails: tuple[StoredMail, ...]
    more: bool
    replies: tuple[tuple[Reply, tuple[Try, ...]], ...]
    drafts: tuple[Draft, ...]
    notes: tuple[NoteView, ...]


@get("/conversations/{conversation_id:str}", summary="Read a conversation")
async def read_conversation(
    parts: Parts, caller: SignedIn, conversation_id: FromPath[str], mails: Shown = 50
) -> ConversationView:
    """Give the conversation, or the one it was laid into, with its newest mails and all that was decided about them."""
    found = await parts.store.read(lambda tx: _read(tx, parts, caller, ConversationId(conversation_id), mails))
    conversation, tenant = found.conversation, tenant_of(parts.current(), caller)
    return ConversationView(
        id=conversation.id,
        channel=conversation.channel,
        customer=conversation.customer,
        subject=conversation.subject,
        created_at=conversation.created_at,
        last_mail_at=conversation.last_mail_at,
        related=conversation.related,
        participants=conversation.participants[:MOST_ADDRESSES],
        labels=_labels((*found.earlier, found.session)),
        session=session_view(found.session, caller),
        earlier=tuple(session_view(one, caller) for one in found.earlier),
        mails=tuple([await mail_view(parts, mail) for mail in found.mails]),
        more=found.more,
        replies=tuple(reply_view(reply, tries) for reply, tries in found.replies),
        drafts=tuple(draft_view(draft, tenant, caller) for draft in found.drafts),
        notes=found.notes,
    )


def _read(tx: Tx, parts: ApiParts, caller: Caller, wanted: ConversationId, shown: int) -> _Read:
    conversation, session = conversation_for(tx, wanted, tenant_of(parts.current(), caller), caller)
    mails, replies = tx.mails.of_conversation(conversation.id), tx.replies.of_conversation(conversation.id)
    earlier = tuple(one for one in tx.sessions.of_conversation(conversation.id) if one.id != session.id)
    return _Read(
        conversation=conversation,
        session=session,
        earlier=earlier[-MOST_SESSIONS:],
        mails=parts.traced(tx, mails[-shown:]),
        more=len(mails) > shown,
        replies=tuple((reply, tuple(tx.replies.attempts(reply.id))) for reply in replies),
        drafts=tuple(tx.drafts.of_conversation(conversation.id)),
        notes=tuple(_notes(tx, conversation.id))[-MOST_SESSIONS:],
    )


def _labels(sessions: Iterable[Session]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for session in sessions for label in session.labels))


def _notes(tx: Tx, conversation: ConversationId) -> Iterator[NoteView]:
    for entry in tx.journal.of_conversation(conversation):
        if isinstance(entry.event, NoteWritten):
            yield NoteView(session=entry.session, at=entry.at, agent=entry.event.agent, text=entry.event.text)
        for effect in entry.effects:
            if isinstance(effect, KeepRobotNote):
                yield NoteView(session=entry.session, at=entry.at, turn=effect.turn, text=effect.text)


ROUTES = (read_conversation,)
