"""Sessions as records of an export: who was served, when, by whom, and how it ended; nothing of what was written."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from postroom.ports.store import Tx
from postroom.session.state import Session

Record: TypeAlias = dict[str, Any]

SESSION_COLUMNS = (
    "session",
    "conversation",
    "channel",
    "queue",
    "phase",
    "priority",
    "customer",
    "subject",
    "agent",
    "opened_at",
    "queued_at",
    "first_replied_at",
    "replied_at",
    "ended_at",
    "ended_because",
    "wrap_up_code",
    "was_offline",
    "robot_answered",
    "transfers",
)


def session_record(tx: Tx, session: Session) -> Record:
    """What an export says of a session; times are UTC."""
    conversation = tx.conversations.get(session.conversation)
    return {
        "session": session.id,
        "conversation": session.conversation,
        "channel": session.channel,
        "queue": session.queue,
        "phase": session.phase.value,
        "priority": session.priority,
        "customer": conversation.customer if conversation is not None else "",
        "subject": conversation.subject if conversation is not None else "",
        "agent": session.owner,
        "opened_at": _written(session.opened_at),
        "queued_at": _written(session.queued_at),
        "first_replied_at": _written(session.first_replied_at),
        "replied_at": _written(session.replied_at),
        "ended_at": _written(session.ended_at),
        "ended_because": session.ended_because,
        "wrap_up_code": session.wrap_up_code,
        "was_offline": session.was_offline,
        "robot_answered": session.robot_answered,
        "transfers": session.transfers,
    }


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
