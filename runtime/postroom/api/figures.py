"""The figures of a span put together from its pieces: a row a channel, a queue, an agent. Pure.

What somebody may not see is left out before anything is counted, so that no sum tells it either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from postroom.ports.statistics import Counted, FirstReply, Group, Marked, Piece, Span, Waiting
from postroom.session.milestones import Mark
from postroom.session.spread import Spread, spread
from postroom.settings.schema import Tenant


class Service(Struct, frozen=True, kw_only=True):
    """What was done; times are in seconds, and `in_time` is a share from 0 to 1."""

    answered: int
    """Sessions whose first reply left in the span."""
    first_response: Spread
    """From the opening of a session to its first reply, in whole seconds."""
    in_time: float | None
    """The share of first replies within the service level of their queues; null where there was none."""
    transfers: int
    missed_offers: int
    handled: int
    """Sessions that became an agent's; one that comes back to him from a queue counts again."""
    handling_time: float
    """In all, from when an agent had the word until he laid the session down."""


class ChannelFigures(Struct, frozen=True, kw_only=True):
    """One channel."""

    channel: str
    mails: int
    """That came, whoever was served for them."""
    sessions: int
    """That were opened."""
    replies: int
    """That agents wrote; one that was taken back counts too."""
    automatic: int
    """Automatic mails."""
    waiting: int
    """Sessions that wait for an agent now."""
    oldest_at: datetime | None
    service: Service


class QueueFigures(Struct, frozen=True, kw_only=True):
    """One queue, with the service level it sets itself: the share `target` within so many seconds."""

    queue: str
    sessions: int
    """That were opened in it; what came from another queue is that one's."""
    within: float
    target: float
    waiting: int
    oldest_at: datetime | None
    service: Service


class AgentFigures(Struct, frozen=True, kw_only=True):
    """One agent."""

    agent: str
    name: str
    replies: int
    open: int
    """Sessions that he has, is held out or is kept now."""
    service: Service


class Figures(Struct, frozen=True, kw_only=True):
    """All of it that the caller may see; `since` is part of the span and `until` is not."""

    since: datetime
    until: datetime
    channels: tuple[ChannelFigures, ...]
    queues: tuple[QueueFigures, ...]
    agents: tuple[AgentFigures, ...]


class Shown(Struct, frozen=True, kw_only=True):
    """What somebody may see: rows of which channels, queues and agents, and whether a figure counts for him at all."""

    channel: Callable[[str], bool]
    queue: Callable[[str], bool]
    agent: Callable[[str], bool]
    group: Callable[[Group], bool]


class Now(Struct, frozen=True, kw_only=True):
    """How it stands now."""

    waiting: Sequence[Waiting]
    open: Sequence[Counted]


Of = Callable[[Group], str]
"""Whose row a figure belongs to."""


def put_together(tenant: Tenant, span: Span, shown: Shown, pieces: Sequence[Piece], now: Now) -> Figures:
    """Count; a channel, queue or agent with nothing in the span has a row of zeros."""
    seen = [_seen(piece, shown) for piece in pieces]
    return Figures(
        since=span.since,
        until=span.until,
        channels=tuple(_channels(tenant, shown, seen, now)),
        queues=tuple(_queues(tenant, shown, seen, now)),
        agents=tuple(_agents(tenant, shown, seen, now)),
    )


def _seen(piece: Piece, shown: Shown) -> Piece:
    return Piece(
        mails=piece.mails,
        replies=[one for one in piece.replies if shown.group(one[0])],
        marks=[one for one in piece.marks if shown.group(one.group)],
        first_replies=[one for one in piece.first_replies if shown.group(one.group)],
    )


def _channels(tenant: Tenant, shown: Shown, pieces: Sequence[Piece], now: Now) -> Iterable[ChannelFigures]:
    of = _channel
    mails, sessions = _sums(of, *(one.mails for one in pieces)), _opened(of, pieces)
    written = _sums(of, *([one for one in piece.replies if one[0].agent] for piece in pieces))
    automatic = _sums(of, *([one for one in piece.replies if not one[0].agent] for piece in pieces))
    service, waiting = _service(of, pieces), _waiting(of, now.waiting)
    for channel in tenant.channels:
        if shown.channel(channel.name):
            waits, oldest = waiting.get(channel.name, (0, None))
            yield ChannelFigures(
                channel=channel.name,
                mails=mails[channel.name],
                sessions=sessions[channel.name],
                replies=written[channel.name],
                automatic=automatic[channel.name],
                waiting=waits,
                oldest_at=oldest,
                service=service(channel.name),
            )


def _queues(tenant: Tenant, shown: Shown, pieces: Sequence[Piece], now: Now) -> Iterable[QueueFigures]:
    of = _queue
    sessions = _opened(of, pieces)
    service, waiting = _service(of, pieces), _waiting(of, now.waiting)
    for queue in tenant.queues:
        if shown.queue(queue.name):
            waits, oldest = waiting.get(queue.name, (0, None))
            yield QueueFigures(
                queue=queue.name,
                sessions=sessions[queue.name],
                within=queue.service_level.first_response_within,
                target=queue.service_level.target,
                waiting=waits,
                oldest_at=oldest,
                service=service(queue.name),
            )


def _agents(tenant: Tenant, shown: Shown, pieces: Sequence[Piece], now: Now) -> Iterable[AgentFigures]:
    of = _agent
    written, has = _sums(of, *(one.replies for one in pieces)), _sums(of, now.open)
    service = _service(of, pieces)
    for agent in tenant.agents:
        if shown.agent(agent.account):
            yield AgentFigures(
                agent=agent.account,
                name=agent.name,
                replies=written[agent.account],
                open=has[agent.account],
                service=service(agent.account),
            )


def _channel(group: Group) -> str:
    return group.channel


def _queue(group: Group) -> str:
    return group.queue


def _agent(group: Group) -> str:
    return group.agent


def _sums(of: Of, *counted: Sequence[Counted]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for some in counted:
        for group, count in some:
            found[of(group)] += count
    return found


def _opened(of: Of, pieces: Sequence[Piece]) -> dict[str, int]:
    marks = (one for piece in pieces for one in piece.marks if one.mark is Mark.OPENED)
    return _sums(of, [(one.group, one.count) for one in marks])


def _service(of: Of, pieces: Sequence[Piece]) -> Callable[[str], Service]:
    """Gives what was done, by the name of a row."""
    replies: defaultdict[str, list[FirstReply]] = defaultdict(list)
    marks: defaultdict[tuple[str, Mark], list[Marked]] = defaultdict(list)
    for piece in pieces:
        for reply in piece.first_replies:
            replies[of(reply.group)].append(reply)
        for marked in piece.marks:
            marks[of(marked.group), marked.mark].append(marked)

    def service(name: str) -> Service:
        first = replies[name]
        count = {mark: sum(one.count for one in marks[name, mark]) for mark in Mark}
        return Service(
            answered=len(first),
            first_response=spread([round(one.took) for one in first]),
            in_time=sum(one.in_time for one in first) / len(first) if first else None,
            transfers=count[Mark.TRANSFER],
            missed_offers=count[Mark.MISSED_OFFER],
            handled=count[Mark.TAKEN],
            handling_time=sum(one.took for one in marks[name, Mark.WORKED]),
        )

    return service


def _waiting(of: Of, rows: Sequence[Waiting]) -> dict[str, tuple[int, datetime | None]]:
    found: dict[str, tuple[int, datetime | None]] = {}
    for row in rows:
        count, oldest = found.get(of(row.group), (0, None))
        times = [at for at in (oldest, row.oldest_at) if at is not None]
        found[of(row.group)] = count + row.count, min(times, default=None)
    return found
