"""A reply as its agent sees it: how it stands with each recipient, and every try."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from postroom.ports.records import Attempt as Try
from postroom.ports.records import Reply, ReplyRecipient


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
    automatic: str
    """The kind of a reply that no person wrote; empty where one did."""
    message_id: str
    accepted_at: datetime
    state: str
    recipients: tuple[RecipientView, ...]
    attempts: tuple[TryView, ...]
    outcome_unknown: bool
    """Whether some try may have reached the customer without our knowing (RFC 5321 §4.5.4.1 says it happens)."""


def reply_view(reply: Reply, tries: Sequence[Try]) -> ReplyView:
    """Show one reply."""
    return ReplyView(
        id=reply.id,
        mail=reply.mail,
        agent=reply.agent,
        automatic=reply.automatic,
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
