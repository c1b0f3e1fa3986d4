"""Everything that was decided about one mail: its own trace, and the decisions of its conversation in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from postroom.api.operator.parts import Parts
from postroom.api.problems import problem
from postroom.ports.records import JournalEntry, StoredMail, TraceLine
from postroom.ports.store import Tx

MOST = 1_000
"""Decisions shown of one conversation, the newest."""
LONGEST = 300
"""Characters shown of one value."""
_UNTOLD = frozenset({"type", "token", "new_token"})
"""A token is its owner's key to the session: it is nothing to look at."""
_ID = re.compile(r"[0-9a-z]{26}")


class Decided(Struct, frozen=True, kw_only=True):
    """One decision: what happened, where the session stood before and after, and what was to be done."""

    seq: int
    at: datetime
    session: str
    event: str
    details: str
    before: str
    after: str
    effects: tuple[str, ...]
    generation: int


class Traced(Struct, frozen=True, kw_only=True):
    """A mail's verdicts; `more` where the conversation has older decisions than these."""

    mail: str
    receipt: str | None
    tenant: str
    channel: str
    conversation: str | None
    subject: str
    outcome: str
    trace: tuple[TraceLine, ...]
    decisions: tuple[Decided, ...]
    more: bool


@get("/mails/{mail_id:str}/trace", summary="Every verdict on a mail, and what was decided in its conversation")
async def read_trace(parts: Parts, mail_id: FromPath[str]) -> Traced:
    """Give it for a stored mail, by its own id or by that under which it came."""
    found = await parts.store.read(lambda tx: _traced(tx, mail_id)) if _ID.fullmatch(mail_id) else None
    if found is None:
        raise problem(HTTPStatus.NOT_FOUND, "No stored mail has this id.")
    return found


def _traced(tx: Tx, mail_id: str) -> Traced | None:
    receipt = tx.ledger.get(mail_id)
    mail = tx.mails.get((receipt.mail if receipt is not None else None) or mail_id)
    if mail is None:
        return None
    entries = tx.journal.of_conversation(mail.conversation) if mail.conversation else ()
    return Traced(
        mail=mail.id,
        receipt=receipt.id if receipt is not None else None,
        tenant=mail.tenant,
        channel=mail.channel,
        conversation=mail.conversation,
        subject=mail.subject,
        outcome=_outcome(mail),
        trace=mail.trace,
        decisions=tuple(_decided(entry) for entry in entries[-MOST:]),
        more=len(entries) > MOST,
    )


def _outcome(mail: StoredMail) -> str:
    return mail.outcome.value if mail.incoming else "sent by us"


def _decided(entry: JournalEntry) -> Decided:
    event = msgspec.to_builtins(entry.event)
    return Decided(
        seq=entry.seq,
        at=entry.at,
        session=entry.session,
        event=event["type"],
        details=", ".join(_values(event)),
        before=entry.before.value,
        after=entry.after.value,
        effects=tuple(_words(msgspec.to_builtins(effect)) for effect in entry.effects),
        generation=entry.generation,
    )


def _words(effect: dict[str, Any]) -> str:
    return f"{effect['type']} {', '.join(_values(effect))}".strip()


def _values(fields: dict[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if name not in _UNTOLD and value not in {None, "", False}:
            yield f"{name}: {str(value)[:LONGEST]}"


ROUTES = (read_trace,)
