"""A conversation as its agent reads it: the session, the mails in order, and the replies with what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from postroom.api.access import conversation_for, tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.parts import ApiParts, Parts
from postroom.errors import PostroomError
from postroom.mail.message import Address, Message
from postroom.ports.records import Attempt as Try
from postroom.ports.records import Conversation, Reply, ReplyRecipient, StoredMail, TraceLine
from postroom.ports.store import Tx
from postroom.session.state import ConversationId, Session

LONGEST_TEXT = 200_000
"""Characters of one mail's text in an answer; the raw mail has the rest."""
MOST_ADDRESSES = 200

Shown = Annotated[int, QueryParameter(ge=1, le=200, description="How many of the newest mails are shown.")]


class SessionView(Struct, frozen=True, kw_only=True):
    """The conversation's newest period of service; `holder` is the account it is with now."""

    id: str
    phase: str
    queue: str
    holder: str | None
    token: str | None
    """Of the offer or assignment, where it is the caller's."""
    opened_at: datetime
    queued_at: datetime | None
    unanswered_since: datetime | None
    first_replied_at: datetime | None
    ended_at: datetime | None
    ended_because: str


class AddressView(Struct, frozen=True):
    """A mailbox: its bare address, and the name it goes by, which proves nothing."""

    address: str
    name: str


class AttachmentView(Struct, frozen=True, kw_only=True):
    """A file of a mail; it is fetched by its index."""

    index: int
    name: str
    content_type: str
    size: int
    inline: bool


class MailView(Struct, frozen=True, kw_only=True):
    """One mail. `incoming` False is a reply of ours; `readable` False where its bytes cannot be read any more."""

    id: str
    incoming: bool
    received_at: datetime
    message_id: str | None
    from_address: str
    from_name: str
    to: tuple[AddressView, ...]
    cc: tuple[AddressView, ...]
    subject: str
    mail_class: str
    outcome: str
    size: int
    new_participant: bool
    readable: bool
    text: str
    text_is_cut: bool
    has_html: bool
    attachments: tuple[AttachmentView, ...]
    defects: tuple[str, ...]
    trace: tuple[TraceLine, ...]


class RecipientView(Struct, frozen=True, kw_only=True):
    """How a reply stands with one recipient, with the server's own words."""

    address: str
    field: str
    state: str
    code: int
    words: str


class TryView(Struct, frozen=True, kw_only=True):
    """One try to hand a reply to the server; `unknown` where nobody knows whether it arrived."""

    started_at: datetime
    ended_at: datetime | None
    unknown: bool
    words: str


class ReplyView(Struct, frozen=True, kw_only=True):
    """A reply and what became of it."""

    id: str
    mail: str
    agent: str
    message_id: str
    accepted_at: datetime
    state: str
    recipients: tuple[RecipientView, ...]
    attempts: tuple[TryView, ...]
    outcome_unknown: bool
    """Whether some try may have reached the customer without our knowing (RFC 5321 §4.5.4.1 says it happens)."""


class ConversationView(Struct, frozen=True, kw_only=True):
    """A thread with a customer, its newest mails oldest first; `more` where older ones are not shown."""

    id: str
    channel: str
    customer: str
    subject: str
    created_at: datetime
    last_mail_at: datetime
    related: str | None
    participants: tuple[str, ...]
    session: SessionView
    mails: tuple[MailView, ...]
    more: bool
    replies: tuple[ReplyView, ...]


class _Read(Struct, frozen=True, kw_only=True):
    conversation: Conversation
    session: Session
    mails: tuple[StoredMail, ...]
    replies: tuple[tuple[Reply, tuple[Try, ...]], ...]


@get("/conversations/{conversation_id:str}", summary="Read a conversation")
async def read_conversation(
    parts: Parts, caller: SignedIn, conversation_id: FromPath[str], mails: Shown = 50
) -> ConversationView:
    """Give the conversation with its newest mails, the session, and every reply with what became of it."""
    found = await parts.store.read(lambda tx: _read(tx, parts, caller, ConversationId(conversation_id)))
    conversation = found.conversation
    return ConversationView(
        id=conversation.id,
        channel=conversation.channel,
        customer=conversation.customer,
        subject=conversation.subject,
        created_at=conversation.created_at,
        last_mail_at=conversation.last_mail_at,
        related=conversation.related,
        participants=conversation.participants[:MOST_ADDRESSES],
        session=_session_view(found.session, caller),
        mails=tuple([await mail_view(parts, mail) for mail in found.mails[-mails:]]),
        more=len(found.mails) > mails,
        replies=tuple(_reply_view(reply, tries) for reply, tries in found.replies),
    )


def _read(tx: Tx, parts: ApiParts, caller: Caller, wanted: ConversationId) -> _Read:
    conversation, session = conversation_for(tx, wanted, tenant_of(parts.current(), caller), caller)
    replies = tx.replies.of_conversation(wanted)
    return _Read(
        conversation=conversation,
        session=session,
        mails=tuple(tx.mails.of_conversation(wanted)),
        replies=tuple((reply, tuple(tx.replies.attempts(reply.id))) for reply in replies),
    )


def _session_view(session: Session, caller: Caller) -> SessionView:
    held = session.offer or session.assignment
    return SessionView(
        id=session.id,
        phase=session.phase.value,
        queue=session.queue,
        holder=session.holder,
        token=held.token if held is not None and held.agent == caller.account else None,
        opened_at=session.opened_at,
        queued_at=session.queued_at,
        unanswered_since=session.unanswered_since,
        first_replied_at=session.first_replied_at,
        ended_at=session.ended_at,
        ended_because=session.ended_because,
    )


async def mail_view(parts: ApiParts, mail: StoredMail) -> MailView:
    """Show one mail, read again from its bytes; one that cannot be read is shown by its row."""
    try:
        message = await parts.reader.message(mail.sha256)
    except PostroomError:
        return _mail_view(mail, Message(size=mail.size), readable=False)
    return _mail_view(mail, message, readable=True)


def _mail_view(mail: StoredMail, message: Message, *, readable: bool) -> MailView:
    return MailView(
        id=mail.id,
        incoming=mail.incoming,
        received_at=mail.received_at,
        message_id=mail.message_id,
        from_address=mail.from_address,
        from_name=mail.from_name,
        to=_addresses(message.to),
        cc=_addresses(message.cc),
        subject=mail.subject,
        mail_class=mail.mail_class,
        outcome=mail.outcome.value,
        size=mail.size,
        new_participant=mail.new_participant,
        readable=readable,
        text=message.text[:LONGEST_TEXT],
        text_is_cut=len(message.text) > LONGEST_TEXT,
        has_html=message.html is not None,
        attachments=tuple(
            AttachmentView(
                index=one.index, name=one.name, content_type=one.content_type, size=one.size, inline=one.inline
            )
            for one in message.attachments
        ),
        defects=message.defects,
        trace=mail.trace,
    )


def _addresses(addresses: Sequence[Address]) -> tuple[AddressView, ...]:
    return tuple(AddressView(address=one.addr, name=one.name) for one in addresses[:MOST_ADDRESSES])


def _reply_view(reply: Reply, tries: Sequence[Try]) -> ReplyView:
    return ReplyView(
        id=reply.id,
        mail=reply.mail,
        agent=reply.agent,
        message_id=reply.message_id,
        accepted_at=reply.accepted_at,
        state=reply.state.value,
        recipients=tuple(_recipient_view(one) for one in reply.recipients),
        attempts=tuple(
            TryView(started_at=one.started_at, ended_at=one.ended_at, unknown=one.unknown, words=one.words)
            for one in tries
        ),
        outcome_unknown=any(one.unknown for one in tries),
    )


def _recipient_view(one: ReplyRecipient) -> RecipientView:
    return RecipientView(address=one.address, field=one.field, state=one.state.value, code=one.code, words=one.words)


ROUTES = (read_conversation,)
