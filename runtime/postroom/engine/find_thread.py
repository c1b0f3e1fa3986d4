"""Asks the store for the conversations a mail's keys lead to, and lets mail/threads.py choose among them."""

from __future__ import annotations

from collections.abc import Iterator

from postroom.engine.first_look import FirstLook
from postroom.engine.verdict import Verdict
from postroom.mail.mail_class import Caveat
from postroom.mail.message import Message
from postroom.mail.threads import Arrival, Candidate, FoundBy, ThreadMatch, match
from postroom.ports.records import Conversation, Receipt
from postroom.ports.store import Tx
from postroom.session.state import ConversationId


def find_thread(tx: Tx, look: FirstLook, receipt: Receipt, message: Message, verdict: Verdict) -> ThreadMatch:
    """The conversation the mail continues, by the strongest evidence it carries, or none."""
    arrival = Arrival(
        tenant=receipt.tenant,
        channel=verdict.channel,
        gateway=receipt.gateway,
        verified=Caveat.UNVERIFIED not in verdict.classification.caveats,
    )
    candidates = tuple(_candidates(tx, look, receipt, verdict))
    return match(verdict.keys, candidates, message, arrival, verdict.received_at)


def _candidates(tx: Tx, look: FirstLook, receipt: Receipt, verdict: Verdict) -> Iterator[Candidate]:
    tags = {f"[#{tag}]": tag for tag in verdict.keys.tags}
    for token in verdict.keys.tokens:
        conversation = tx.conversations.current(ConversationId(token.conversation))
        if conversation is not None:
            yield _candidate(conversation, token.conversation, FoundBy.TOKEN, receipt.gateway)
    names = look.named(verdict.keys.names)
    for hit in tx.conversations.find(receipt.tenant, names) if names else ():
        if hit.message_id in tags:
            yield _candidate(hit.conversation, tags[hit.message_id], FoundBy.TAG, hit.gateway)
        elif hit.message_id in verdict.keys.message_ids:
            yield _candidate(hit.conversation, hit.message_id, FoundBy.REFERENCE, hit.gateway)
        elif hit.is_expected:
            # Another mail of the same id is no evidence: some programs give all their mails one.
            yield _candidate(hit.conversation, hit.message_id, FoundBy.EXPECTED, hit.gateway)


def _candidate(conversation: Conversation, key: str, found_by: FoundBy, gateway: str) -> Candidate:
    return Candidate(
        conversation=conversation.id,
        key=key,
        found_by=found_by,
        tenant=conversation.tenant,
        channel=conversation.channel,
        gateway=gateway,
        participants=frozenset(conversation.participants),
        last_mail_at=conversation.last_mail_at,
        related=conversation.related,
    )
