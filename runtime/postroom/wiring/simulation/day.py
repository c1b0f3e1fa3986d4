"""The day that `postroom simulate --day` runs: a Monday of the built-in contact centre, from midnight to midnight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from postroom.settings.schema import Generation
from postroom.wiring.simulation.day_mails import day_mails
from postroom.wiring.simulation.manners import InShifts
from postroom.wiring.simulation.run import Arriving, Wanted

MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001 the zone is the settings'


def a_day(generation: Generation, seed: int, count: int) -> tuple[Sequence[Arriving], Wanted]:
    """The mails of the day of that seed, and how it is run."""
    midnight = MONDAY.replace(tzinfo=ZoneInfo(generation.tenants[0].parameters.time_zone))
    wanted = Wanted(
        since=midnight,
        until=midnight + timedelta(days=1),
        manner=lambda _rooms: InShifts(midnight, seed),
        robots=True,
    )
    return day_mails(midnight, count, seed), wanted
