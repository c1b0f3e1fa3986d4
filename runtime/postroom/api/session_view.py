"""A period of service as who may see it reads it: where it stands, whose it is, and why it ended."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from postroom.api.auth import Caller
from postroom.ports.records import Conversation
from postroom.session.state import Session


class SessionView(Struct, frozen=True, kw_only=True):
    """A period of service; `holder` is the account whose place it takes, `owner` the one it is assigned to."""

    id: str
    phase: str
    queue: str
    priority: int
    holder: str | None
    owner: str
    kept_for: str
    token: str | None
    """Of the offer or assignment, where it is the caller's."""
    opened_at: datetime
    queued_at: datetime | None
    not_before: datetime | None
    parked_since: datetime | None
    parked_until: datetime | None
    offline_message: bool
    """Whether it is one that no agent has taken yet."""
    was_offline: bool
    robot_turn: int
    unanswered_since: datetime | None
    first_replied_at: datetime | None
    ended_at: datetime | None
    ended_because: str
    wrap_up_code: str


def session_view(session: Session, caller: Caller) -> SessionView:
    """The session as the caller sees it."""
    held = session.offer or session.assignment
    return SessionView(
        id=session.id,
        phase=session.phase.value,
        queue=session.queue,
        priority=session.priority,
        holder=session.holder,
        owner=session.owner,
        kept_for=session.held_for,
        token=held.token if held is not None and held.agent == caller.account else None,
        opened_at=session.opened_at,
        queued_at=session.queued_at,
        not_before=session.not_before,
        parked_since=session.parked_since,
        parked_until=session.parked_until,
        offline_message=session.is_offline_message,
        was_offline=session.was_offline,
        robot_turn=session.robot_turn,
        unanswered_since=session.unanswered_since,
        first_replied_at=session.first_replied_at,
        ended_at=session.ended_at,
        ended_because=session.ended_because,
        wrap_up_code=session.wrap_up_code,
    )


class Head(TypedDict):
    """What every list of sessions says of one."""

    session: str
    conversation: str
    phase: str
    channel: str
    queue: str
    priority: int
    customer: str
    subject: str


def head_of(session: Session, conversation: Conversation | None) -> Head:
    """What a list says of a session, whoever reads it."""
    return Head(
        session=session.id,
        conversation=session.conversation,
        phase=session.phase.value,
        channel=session.channel,
        queue=session.queue,
        priority=session.priority,
        customer=conversation.customer if conversation else "",
        subject=conversation.subject if conversation else "",
    )
