"""The clock of a service under test, read and set; these routes are there in test mode only."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from postroom.api.operator.parts import OperatorParts, Parts, SettableClock
from postroom.api.problems import not_found, problem

FARTHEST = 100 * 366 * 86_400.0
"""Seconds it may be moved at once."""
YEARS = range(2000, 2200)


class ClockView(Struct, frozen=True, kw_only=True):
    """What time it is."""

    now: datetime


class ClockBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the clock moves, in seconds and also backwards, or what time it shall be."""

    advance: Annotated[float, Meta(ge=-FARTHEST, le=FARTHEST)] | None = None
    to: Annotated[datetime, Meta(tz=True)] | None = None


@get("/clock", summary="What time it is")
async def read_clock(parts: Parts) -> ClockView:
    """Give the time."""
    return ClockView(now=_clock(parts).now())


@post("/clock", status_code=HTTPStatus.OK, summary="Set the clock")
async def set_clock(parts: Parts, data: JSONBody[ClockBody]) -> ClockView:
    """Set it; everything that is due by then happens at once."""
    clock = _clock(parts)
    wanted = _wanted(data, clock.now())
    if wanted is None:
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, "it says `advance` or `to`, and a year from 2000 to 2199")
    await clock.set(wanted)
    return ClockView(now=clock.now())


def _wanted(body: ClockBody, now: datetime) -> datetime | None:
    if (body.advance is None) is (body.to is None):
        return None
    wanted = body.to
    if body.advance is not None:
        try:
            wanted = now + timedelta(seconds=body.advance)
        except OverflowError:
            return None
    return wanted if wanted is not None and wanted.year in YEARS else None


def _clock(parts: OperatorParts) -> SettableClock:
    if parts.clock is None:
        raise not_found()
    return parts.clock


ROUTES = (read_clock, set_clock)
