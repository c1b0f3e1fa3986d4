"""Records with something in every field that matters, for tests of stores."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from postroom.mail.answering import Answering
from postroom.ports.records import (
    Conversation,
    JournalEntry,
    OutboxRow,
    RawRef,
    Receipt,
    Reply,
    ReplyRecipient,
    StoredMail,
    TimerRow,
    TraceLine,
)
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.effects import EnterQueue, SendReply
from postroom.session.events import MessageReceived
from postroom.session.state import (
    Assignment,
    ConversationId,
    Offer,
    Phase,
    Session,
    SessionId,
    TimerKind,
)

V = TypeVar("V")
R = TypeVar("R")

NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


def on(act: Callable[[Tx, V], R], value: V) -> Callable[[Tx], R]:
    """A unit that acts on the value it has now, for loops."""
    return lambda tx: act(tx, value)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def raw(content: bytes = b"From: a@example.org\r\n\r\nhello\r\n") -> RawRef:
    return RawRef(sha256=hashlib.sha256(content).hexdigest(), size=len(content), small=content)


def receipt(name: str, uid: str = "u1", content: bytes = b"x", *, gateway: str = "inbox", seen: float = 0) -> Receipt:
    return Receipt(
        id=name,
        tenant="acme",
        gateway=gateway,
        uid=uid,
        raw=raw(content),
        listed_size=7,
        first_seen_at=later(seen),
    )


def conversation(name: str = "c1", tenant: str = "acme") -> Conversation:
    return Conversation(
        id=ConversationId(name),
        tenant=tenant,
        channel="help",
        customer="anna@example.org",
        subject="Größe 日本",
        created_at=NOW,
        last_mail_at=later(1),
        related=ConversationId("older"),
        participants=("anna@example.org", "ben@example.org"),
    )


def mail(name: str, of: str | None = "c1", *, at: float = 0, incoming: bool = True) -> StoredMail:
    return StoredMail(
        id=name,
        tenant="acme",
        gateway="inbox",
        channel="help",
        conversation=None if of is None else ConversationId(of),
        incoming=incoming,
        sha256="ab" * 32,
        size=4711,
        received_at=later(at),
        message_id="<1@example.org>",
        from_address="anna@example.org",
        from_name="Anna Ä",
        subject="Where is my order?",
        mail_class="human",
        body_hash="cd" * 32,
        attachments=2,
        outcome=Outcome.CONVERSATION,
        preview="Hello …",
        new_participant=True,
        answering=Answering(
            why_not="old: old", recipient="anna@example.org", in_reply_to="1@example.org", references=("0@x", "1@x")
        ),
        trace=(TraceLine(step="route", verdict="help", evidence="recipient"), TraceLine(step="class", verdict="human")),
    )


def session(name: str, of: str = "c1", phase: Phase = Phase.NEW, *, opened: float = 0, agent: str = "eve") -> Session:
    return Session(
        id=SessionId(name),
        conversation=ConversationId(of),
        tenant="acme",
        channel="help",
        opened_at=later(opened),
        phase=phase,
        queue="english",
        queued_at=later(opened),
        offer=Offer(agent=agent, token="o", offered_at=NOW, expires_at=later(60)) if phase is Phase.OFFERED else None,
        assignment=Assignment(agent=agent, token="a", assigned_at=NOW)
        if phase in {Phase.ASSIGNED, Phase.AWAITING_CUSTOMER, Phase.ENDED}
        else None,
        passed_over=("mallory",),
    )


def entry(of: str = "c1", tenant: str = "acme") -> JournalEntry:
    return JournalEntry(
        seq=0,
        at=NOW,
        tenant=tenant,
        conversation=ConversationId(of),
        session=SessionId("s1"),
        event=MessageReceived(mail="m1", received_at=NOW, priority=3),
        facts=b'{"agent_can_take":true}',
        generation=7,
        before=Phase.NEW,
        after=Phase.QUEUED,
        effects=(EnterQueue(queue="english"), SendReply(reply="r1")),
    )


def outbox_row(name: str, of: str = "c1", *, due: float = 0) -> OutboxRow:
    return OutboxRow(
        id=name,
        tenant="acme",
        conversation=ConversationId(of),
        session=SessionId("s1"),
        effect=SendReply(reply=name),
        created_at=NOW,
        due_at=later(due),
    )


def timer(name: str, due: float = 0, token: str = "t") -> TimerRow:
    return TimerRow(
        session=SessionId(name),
        tenant="acme",
        kind=TimerKind.OFFER_EXPIRY,
        due_at=later(due),
        started_at=NOW,
        token=token,
    )


def reply(name: str = "r1", of: str = "c1") -> Reply:
    return Reply(
        id=name,
        tenant="acme",
        channel="help",
        gateway="relay",
        conversation=ConversationId(of),
        session=SessionId("s1"),
        agent="eve",
        mail="m9",
        message_id="<9@example.com>",
        envelope_from="help@example.com",
        raw=raw(),
        accepted_at=NOW,
        recipients=(
            ReplyRecipient(address="zoe@example.org", field="to"),
            ReplyRecipient(address="anna@example.org", field="cc"),
        ),
    )


def add_reply(tx: Tx, name: str = "r1", of: str = "c1") -> None:
    if tx.conversations.get(ConversationId(of)) is None:
        tx.conversations.add(conversation(of))
    tx.mails.keep_raw(raw())
    tx.replies.add(reply(name, of))
