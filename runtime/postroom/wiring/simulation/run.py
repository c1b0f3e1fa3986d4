"""Runs a mailbox through a simulated house, each mail at its time, and gives what every session would have done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from postroom.mail.parse import header_only
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.settings.schema import Generation
from postroom.wiring.simulation.course import SessionCourse, courses
from postroom.wiring.simulation.crew import Answering
from postroom.wiring.simulation.house import Crew, House, Rooms, Taken, simulated
from postroom.wiring.simulation.receiving import Doorway, doorway_of, doorways

HEADER = 64 * 1024
"""Octets looked at for whom a mail names."""


class Arriving(Struct, frozen=True, kw_only=True):
    """A mail of the mailbox: when it came, what it is called there, its octets, and how at most so many are read."""

    at: datetime
    name: str
    size: int
    read: Callable[[int], bytes]


class Wanted(Struct, frozen=True, kw_only=True):
    """How it is run: until when, by which gateway whatever the mails say, and after how long agents answer."""

    until: datetime
    gateway: str | None = None
    answer_after: timedelta | None = None
    """None where nobody works."""


class UnservedMail(Struct, frozen=True, kw_only=True):
    """A mail no route took, that could not be read, or that is too large."""

    at: datetime
    name: str
    why: str


class Simulated(Struct, frozen=True, kw_only=True):
    """All that happened; `classes` are of the mails that were stored."""

    mails: int
    until: datetime
    outcomes: dict[str, int]
    classes: dict[str, int]
    gateways: dict[str, int]
    sessions: tuple[SessionCourse, ...]
    sent: int
    """Mails handed to the relay that only counts: automatic replies and agents' answers."""
    unserved: tuple[UnservedMail, ...]


class _Tally:
    """What is counted of the mails themselves."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.classes: Counter[str] = Counter()
        self.gateways: Counter[str] = Counter()
        self.unserved: list[UnservedMail] = []

    def taken(self, mail: Arriving, way: Doorway, taken: Taken, mail_class: str) -> None:
        self.outcomes[taken.outcome.value] += 1
        self.gateways[way.rules.gateway_key] += 1
        if mail_class:
            self.classes[mail_class] += 1
        if taken.outcome is Outcome.UNROUTED:
            self._set_aside(mail, "no notification route matches")
        if taken.outcome is Outcome.QUARANTINED:
            self._set_aside(mail, "it could not be read")
        if taken.outcome is Outcome.OVERSIZE:
            self._set_aside(mail, f"{mail.size} octets are over the max_message_size of {way.rules.gateway_key}")

    def _set_aside(self, mail: Arriving, why: str) -> None:
        self.unserved.append(UnservedMail(at=mail.at, name=mail.name, why=why))


async def run_through(
    generation: Generation, mails: Iterable[Arriving], wanted: Wanted, told: Callable[[int], None]
) -> Simulated:
    """Take the mails in the order of their times; `told` how many were. Raises ConfigurationError."""
    ordered = sorted(mails, key=lambda mail: (mail.at, mail.name))
    start = ordered[0].at if ordered else wanted.until
    async with simulated(in_earnest(generation), start) as rooms:
        house, tally = House(rooms, await _crew(rooms, wanted)), _Tally()
        ways = doorways(rooms.generation, rooms.ring)
        for number, mail in enumerate(ordered):
            await _arrive(house, ways, mail, wanted, tally)
            told(number + 1)
        await house.advance(wanted.until)
        return await _told(rooms, tally, len(ordered))


def in_earnest(generation: Generation) -> Generation:
    """The generation with no channel in shadow: what is asked is what it would do."""
    tenants = tuple(
        replace(tenant, channels=tuple(replace(channel, mode="live") for channel in tenant.channels))
        for tenant in generation.tenants
    )
    return replace(generation, tenants=tenants)


async def _crew(rooms: Rooms, wanted: Wanted) -> Crew:
    if wanted.answer_after is None:
        return Crew()
    crew = Answering(rooms, wanted.answer_after)
    await crew.begin()
    return crew


async def _arrive(house: House, ways: tuple[Doorway, ...], mail: Arriving, wanted: Wanted, tally: _Tally) -> None:
    await house.advance(mail.at)
    way = doorway_of(header_only(mail.read(HEADER)), ways, wanted.gateway)
    raw = mail.read(HEADER if mail.size > way.largest else mail.size)
    taken = await house.take(way, raw, mail.size, mail.name)
    stored = await house.rooms.store.read(lambda tx: _class(tx, taken))
    tally.taken(mail, way, taken, stored)


def _class(tx: Tx, taken: Taken) -> str:
    receipt = tx.ledger.get(taken.receipt.id)
    mail = tx.mails.get(receipt.mail) if receipt is not None and receipt.mail else None
    return mail.mail_class if mail is not None else ""


async def _told(rooms: Rooms, tally: _Tally, mails: int) -> Simulated:
    sessions: list[SessionCourse] = []
    for tenant in rooms.generation.tenants:
        sessions += await rooms.store.read(partial(_courses, tenant.name))
    return Simulated(
        mails=mails,
        until=rooms.clock.now(),
        outcomes=dict(tally.outcomes),
        classes=dict(tally.classes),
        gateways=dict(tally.gateways),
        sessions=tuple(sorted(sessions, key=lambda one: (one.opened_at, one.id))),
        sent=rooms.relay.taken,
        unserved=tuple(tally.unserved),
    )


def _courses(tenant: str, tx: Tx) -> list[SessionCourse]:
    return courses(tx, tenant)
