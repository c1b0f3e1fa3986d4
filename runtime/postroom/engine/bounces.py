"""Closes the loop of a reply that came back: its recipients are marked, and where no To is left it is work again.

A report is believed for the reply whose Message-ID, our token, stands in the mail it returns, and for no other.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from postroom.engine.attempt_outcome import failed_for_all, state_of
from postroom.engine.reply_rows import failure
from postroom.engine.report_outcome import recipients_reported, undeliverable
from postroom.mail.message import DeliveryReport
from postroom.ports.records import Reply, ReplyState, TraceLine
from postroom.ports.step import Step
from postroom.ports.store import Tx
from postroom.session.state import ConversationId

UNDELIVERABLE_FOR = timedelta(days=30)
"""How long nothing is sent by itself to an address that its server does not know."""


def close_loop(tx: Tx, step: Step, conversation: ConversationId, report: DeliveryReport, now: datetime) -> TraceLine:
    """Mark what the report says and give the line for its trace."""
    reply = _reply_of(tx, conversation, report)
    if reply is None:
        return TraceLine(step="bounce", verdict="of no reply known here")
    after = recipients_reported(reply.recipients, report)
    if after == reply.recipients:
        return TraceLine(step="bounce", verdict="nothing new", evidence=f"reply {reply.id}")
    tx.replies.set_recipients(reply.id, after)
    tx.replies.set_state(reply.id, state_of(after))
    for address in undeliverable(reply.recipients, after, report):
        tx.undeliverable.add(reply.tenant, address, now, now + UNDELIVERABLE_FOR)
    words = next((one.words for one in after if one.state is ReplyState.FAILED), "")
    if failed_for_all(reply.recipients, after) and not reply.automatic:
        step(tx, reply.session, failure(reply, words))
    return _line(reply, sum(one.state is ReplyState.FAILED for one in after), words)


def _reply_of(tx: Tx, conversation: ConversationId, report: DeliveryReport) -> Reply | None:
    if report.original_message_id is None:
        return None
    returned = report.original_message_id.casefold()
    replies = tx.replies.of_conversation(conversation)
    return next((reply for reply in replies if reply.message_id.casefold() == returned), None)


def _line(reply: Reply, failed: int, words: str) -> TraceLine:
    return TraceLine(
        step="bounce", verdict=f"{failed} of {len(reply.recipients)} failed", evidence=f"reply {reply.id}: {words}"
    )
