"""Reads the figures of a span of time, a piece of it at a time so that nobody waits long for the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated

from postroom.api.figures import Figures, Now, Shown, put_together
from postroom.api.problems import Problem, problem
from postroom.api.times import time_of, time_parameter
from postroom.ports.statistics import Group, Piece, Span
from postroom.ports.store import Store, Tx
from postroom.ports.world import Offload
from postroom.settings.schema import Tenant

LONGEST = timedelta(days=92)
USUAL = timedelta(days=1)
PIECE = timedelta(hours=6)
LANE = "statistics"

Since = Annotated[str | None, time_parameter("The beginning of the span; else a day before its end.")]
Until = Annotated[str | None, time_parameter("The end of the span, not part of it; else now.")]


def span_of(since: str | None, until: str | None, now: datetime) -> Span:
    """The span asked for. Raises the 422 problem where it is none, or too long."""
    end = time_of(until) or now
    try:
        begin = time_of(since) or end - USUAL
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


def everything() -> Shown:
    """What an operator may see."""
    return Shown(channel=_yes, queue=_yes, agent=_yes, group=_yes_all)


def _yes(_: str) -> bool:
    return True


def _yes_all(_: Group) -> bool:
    return True
