"""The data of the messages over the broker, out and in; a mail's text is in none but a robot's question."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from postroom.ports.robots import Turn
from postroom.session.state import SessionId

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Account = Annotated[str, Meta(min_length=1, max_length=320)]


class Offered(Struct, frozen=True, kw_only=True):
    """The data of an offer: `offer` is its id, `link` where the HTTP door shows the conversation. No mail's text."""

    offer: str
    session: SessionId
    token: str
    expires_at: datetime
    queue: str
    channel: str
    conversation: str
    customer: str
    subject: str
    priority: int
    queued_at: datetime | None
    link: str


class Withdrawn(Struct, frozen=True, kw_only=True):
    """The data of an offer that is over before anybody took it, or because somebody did; nothing is to be answered.

    `reason` is `expired`, `declined`, `taken` (an agent has the session) or `taken_back` (it does not wait there).
    """

    offer: str
    session: SessionId
    queue: str
    reason: str


class Accept(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The session of an offer, its token, and the account of the agent who takes it."""

    session: SessionId
    token: Id
    agent: Account


class Decline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The session of an offer, and its token."""

    session: SessionId
    token: Id
    reason: Annotated[str, Meta(max_length=200)] = ""


class Happened(Struct, frozen=True, kw_only=True):
    """The data of a conversation's event: what a decision was about and what became of it; never what was said."""

    session: str
    conversation: str
    at: datetime
    event: str
    before: str
    after: str
    channel: str = ""
    queue: str = ""
    owner: str = ""
    mail: str = ""
    reply: str = ""


class GatewayNews(Struct, frozen=True, kw_only=True):
    """The data of a gateway's status; the server's own words stay here."""

    gateway: str
    status: str
    since: datetime


class Answered(Struct, frozen=True, kw_only=True):
    """The data of an answer's event."""

    status: int
    body: msgspec.Raw


class RobotRequest(Struct, frozen=True, kw_only=True):
    """A question, with the names it has on the wire; `dialogue` is oldest first and ends with the customer."""

    version: int
    id: str
    conversation: str
    session: str
    turn: int
    channel: str
    language: str | None
    subject: str
    dialogue: tuple[Turn, ...]


class AgentCommand(Struct, frozen=True, kw_only=True):
    """The body of the same request over HTTP; beside it the `session` or `queue` that stands in that one's path."""

    session: str = ""
    queue: str = ""
    token: str = ""
