"""Figures over a span of time: mails, answers, first responses, service levels, transfers, work, and what waits now.

The store is read a piece of the span at a time, so that nobody else waits long for a reader, and put together on a
thread of its own. A supervisor sees what he oversees, an agent what he did himself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from postroom.api.access import tenant_of
from postroom.api.auth import Caller, SignedIn
from postroom.api.commands import refused
from postroom.api.figures import Figures, Now, Shown, put_together
from postroom.api.parts import Parts
from postroom.api.problems import Problem, problem
from postroom.api.sight import sight_of
from postroom.ports.statistics import Group, Piece, Span
from postroom.ports.store import Store, Tx
from postroom.ports.world import Offload
from postroom.settings.schema import Tenant

LONGEST = timedelta(days=92)
USUAL = timedelta(days=1)
PIECE = timedelta(hours=6)
LANE = "statistics"

Since = Annotated[datetime | None, QueryParameter(description="The beginning of the span; else a day before its end.")]
Until = Annotated[datetime | None, QueryParameter(description="The end of the span, not part of it; else now.")]


@get("/statistics", summary="Figures of channels, queues and agents over a span of time")
async def read_statistics(parts: Parts, caller: SignedIn, since: Since = None, until: Until = None) -> Figures:
    """Give the figures of at most 92 days that the caller may see, and what waits now."""
    tenant = tenant_of(parts.current(), caller)
    span = span_of(since, until, parts.clock.now())
    return await figures_of(parts.store, parts.offload, tenant, span, shown_to(tenant, caller))


def span_of(since: datetime | None, until: datetime | None, now: datetime) -> Span:
    """The span asked for. Raises the 422 problem where it is none, or too long."""
    if any(one is not None and one.tzinfo is None for one in (since, until)):
        raise refused("since, until: a time needs its zone, as in 2026-03-02T09:00:00Z")
    end = until or now
    try:
        begin = since or end - USUAL
    except OverflowError as error:
        raise _no_span("until: there is no such span") from error
    if begin >= end:
        raise _no_span("since: it must be before `until`")
    if end - begin > LONGEST:
        raise _no_span(f"since, until: a span is at most {LONGEST.days} days")
    return Span(since=begin, until=end)


def _no_span(words: str) -> Problem:
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, words, "span")


async def figures_of(store: Store, offload: Offload, tenant: Tenant, span: Span, shown: Shown) -> Figures:
    """Read the span and put its figures together."""
    pieces = [await store.read(partial(_within, tenant.name, one)) for one in pieces_of(span)]
    now = await store.read(partial(_now, tenant.name))
    return await offload.run(LANE, put_together, tenant, span, shown, pieces, now)


def pieces_of(span: Span) -> list[Span]:
    """The span in pieces of hours that are read in one go."""
    found, begin = [], span.since
    while begin < span.until:
        end = min(span.until - begin, PIECE) + begin
        found.append(Span(since=begin, until=end))
        begin = end
    return found


def _within(tenant: str, span: Span, tx: Tx) -> Piece:
    return tx.statistics.within(tenant, span)


def _now(tenant: str, tx: Tx) -> Now:
    return Now(waiting=tx.statistics.waiting(tenant), open=tx.statistics.open_by_agent(tenant))


def shown_to(tenant: Tenant, caller: Caller) -> Shown:
    """What the caller may see: what he oversees, or his own work and nothing else."""
    sight = sight_of(tenant, caller)
    if sight is None:
        own = caller.account
        return Shown(channel=_no, queue=_no, agent=lambda name: name == own, group=lambda one: one.agent == own)
    overseen = {one.account for one in tenant.agents if sight.has_agent(one)}
    return Shown(
        channel=sight.has_channel,
        queue=sight.has_queue,
        agent=overseen.__contains__,
        group=lambda one: sight.has_channel(one.channel) or (bool(one.queue) and sight.has_queue(one.queue)),
    )


def everything() -> Shown:
    """What an operator may see."""
    return Shown(channel=_yes, queue=_yes, agent=_yes, group=_yes_all)


def _no(_: str) -> bool:
    return False


def _yes(_: str) -> bool:
    return True


def _yes_all(_: Group) -> bool:
    return True


ROUTES = (read_statistics,)
