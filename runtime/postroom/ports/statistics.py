"""What is counted of a tenant's service: written with each decision, read a piece of time at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from postroom.session.milestones import Mark, Milestone


class Span(Struct, frozen=True, kw_only=True):
    """A piece of time: from `since`, before `until`."""

    since: datetime
    until: datetime


class Group(Struct, frozen=True, kw_only=True):
    """Whose a figure is; an empty word is nobody's, or was not asked for."""

    channel: str = ""
    queue: str = ""
    agent: str = ""


class Marked(Struct, frozen=True, kw_only=True):
    """How often something happened, and how long it took in all, in seconds."""

    mark: Mark
    group: Group
    count: int
    took: float


class FirstReply(Struct, frozen=True, kw_only=True):
    """How long a customer waited for a first reply, in seconds."""

    group: Group
    took: float
    in_time: bool


class Waiting(Struct, frozen=True, kw_only=True):
    """How many sessions wait for an agent now, and since when the oldest."""

    group: Group
    count: int
    oldest_at: datetime | None


Counted = tuple[Group, int]


class Piece(Struct, frozen=True, kw_only=True):
    """Everything that was counted in a piece of time."""

    mails: Sequence[Counted]
    """That came, by channel; the empty one's came to none."""
    replies: Sequence[Counted]
    """That were written, by channel and agent; the empty agent's are automatic."""
    marks: Sequence[Marked]
    first_replies: Sequence[FirstReply]


class Statistics(Protocol):
    """Keeps what is counted, and counts it."""

    def add(self, milestones: Sequence[Milestone]) -> None:
        """Keep these."""
        ...

    def within(self, tenant: str, span: Span) -> Piece:
        """Count what happened in that piece of time; the shorter it is, the sooner others may read."""
        ...

    def waiting(self, tenant: str) -> Sequence[Waiting]:
        """What waits for an agent now, by channel and queue, offline messages too."""
        ...

    def open_by_agent(self, tenant: str) -> Sequence[Counted]:
        """How many open sessions each agent has, is held out or is kept."""
        ...

    def forget_before(self, tenant: str, when: datetime, limit: int) -> int:
        """Forget what was counted before then, at most so many; gives how many."""
        ...
