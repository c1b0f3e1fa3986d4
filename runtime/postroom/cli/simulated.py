"""A simulation told to people: a line a session, then what it all comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from postroom.cli.output import counted
from postroom.cli.table import harmless, show_table
from postroom.settings import compile as compiled
from postroom.settings.schema import Generation

if TYPE_CHECKING:
    from postroom.wiring.simulation.course import SessionCourse
    from postroom.wiring.simulation.run import Arriving, Simulated

COLUMNS = ("opened", "channel", "customer", "phases", "automatic replies", "end")
BUSIEST = 5
MOST_STAGES = 8
MOST_UNSERVED = 20


def without_addresses(simulated: Simulated) -> Simulated:
    """The same with the customers' domains alone."""
    sessions = tuple(replace(one, customer=_domain(one.customer)) for one in simulated.sessions)
    return replace(simulated, sessions=sessions)


def show_course(simulated: Simulated, generation: Generation) -> None:
    """A row a session, in the order they were opened; times are in the channel's zone."""
    show_table(COLUMNS, (_row(one, _zone(one, generation)) for one in simulated.sessions), "No mail began a session.")


def show_summary(simulated: Simulated, mails: Sequence[Arriving], zone: tzinfo) -> None:
    """What it all comes to."""
    click.echo()
    for name, words in _summary(simulated, mails, zone):
        click.echo(f"{name + ':':<18} {harmless(words)}")
    for one in simulated.unserved[:MOST_UNSERVED]:
        click.echo(f"  {harmless(one.name)} of {one.at:%Y-%m-%d %H:%M:%SZ}: {harmless(one.why)}")
    if len(simulated.unserved) > MOST_UNSERVED:
        click.echo(f"  … and {len(simulated.unserved) - MOST_UNSERVED} more; --json has them all")


def _row(course: SessionCourse, zone: tzinfo) -> tuple[str, ...]:
    return (
        f"{course.opened_at.astimezone(zone):%a %Y-%m-%d %H:%M}",
        course.channel,
        course.customer,
        _stages(course, zone),
        _spaced(", ".join(_automatic(course)) or "none"),
        _spaced(course.ended_because) or "open",
    )


def _stages(course: SessionCourse, zone: tzinfo) -> str:
    """The phases with the times they began; of a long life the first ones and the last."""
    told, day = [], ""
    for stage in course.stages:
        at = stage.at.astimezone(zone)
        today = f"{at:%a %m-%d} "
        told.append(f"{_spaced(stage.phase)} {'' if today == day else today}{at:%H:%M}")
        day = today
    if len(told) > MOST_STAGES:
        told = [*told[: MOST_STAGES - 1], f"… {len(told) - MOST_STAGES} more …", told[-1]]
    return ", ".join(told)


def _automatic(course: SessionCourse) -> Iterator[str]:
    said = Counter(f"{one.kind} {f'not sent ({one.reason})' if one.reason else 'sent'}" for one in course.automatic)
    return (words if number == 1 else f"{number} x {words}" for words, number in said.items())


def _summary(simulated: Simulated, mails: Sequence[Arriving], zone: tzinfo) -> Iterator[tuple[str, str]]:
    sessions = simulated.sessions
    first, last = min(mail.at for mail in mails), max(mail.at for mail in mails)
    yield "mails", f"{simulated.mails}, from {_when(first, zone)} to {_when(last, zone)}"
    yield "watched until", _when(simulated.until, zone)
    yield "outcomes", _counts(Counter(simulated.outcomes))
    yield "classes", _counts(Counter(simulated.classes))
    yield "gateways", _counts(Counter(simulated.gateways))
    automatic = [one for session in sessions for one in session.automatic]
    yield "automatic replies", _counts(Counter(f"{one.kind} {one.reason or 'sent'}" for one in automatic))
    yield "sessions", f"{len(sessions)}: {_counts(Counter(_end(one) for one in sessions))}"
    yield "agents' answers", str(sum(session.replies for session in sessions))
    yield "alarms", _counts(Counter(what for session in sessions for what in session.alarms))
    hours = Counter(f"{mail.at.astimezone(zone):%a %H}:00" for mail in mails)
    yield "busiest hours", _counts(hours, BUSIEST)
    yield "sent for real", "nothing"
    yield "set aside", counted(len(simulated.unserved), "mail")


def _end(course: SessionCourse) -> str:
    return course.ended_because or f"open, {course.stages[-1].phase if course.stages else 'new'}"


def _counts(some: Counter[str], most: int | None = None) -> str:
    ordered: Iterable[tuple[str, int]] = sorted(some.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{number} {name}" for name, number in list(ordered)[:most]) or "none"


def _when(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _spaced(words: str) -> str:
    """In words that a narrow column can break."""
    return words.replace("_", " ")


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _zone(course: SessionCourse, generation: Generation) -> tzinfo:
    tenant = generation.tenant(course.tenant)
    channel = tenant.channel(course.channel) if tenant is not None else None
    if tenant is None or channel is None:
        raise LookupError(f"{course.tenant}/{course.channel}")
    return compiled.zone(tenant, channel)
