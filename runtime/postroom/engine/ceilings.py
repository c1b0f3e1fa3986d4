"""How much may leave by a sending gateway: a pace in mails a minute, and ceilings of a day, by the tenant's clock.

All of it is counted in the store, in the unit that begins an attempt: a restart forgets nothing, and however many
mails are under way at once, none of them passes a ceiling.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

from msgspec import Struct

from postroom.engine.sending_terms import Terms
from postroom.ports.records import OutboxRow, Reply
from postroom.ports.store import Tx

MINUTE = timedelta(minutes=1)
FARTHEST_TURN = timedelta(minutes=10)
"""No turn is given that is farther away: who comes later asks again then, and settings that change are soon heard."""
EARLY = timedelta(milliseconds=50)
"""A sleep may end that much before its time."""
LOOK_AGAIN = timedelta(hours=1)
"""What waits for the next day asks this often whether the ceiling was lifted."""

RATE, DAILY_CEILING, TENANT_CEILING = "rate", "daily_ceiling", "tenant_ceiling"


class HeldBack(Struct, frozen=True, kw_only=True):
    """Why a mail may not leave now, and when to ask again; `turn_at` is the turn it was given at the gateway's pace."""

    why: str
    until: datetime
    words: str
    turn_at: datetime | None = None

    @property
    def for_the_day(self) -> bool:
        """Whether nothing more leaves on this day."""
        return self.why != RATE


def may_leave(tx: Tx, row: OutboxRow, reply: Reply, terms: Terms, now: datetime) -> HeldBack | None:
    """Count the mail among those of the day, or say why it may not leave now."""
    held = _by_day(tx, reply, terms, now) or _by_pace(tx, row, reply, terms, now)
    if held is None:
        tx.sent.count(reply.tenant, reply.gateway, day_of(now, terms.zone))
    return held


def did_not_leave(tx: Tx, reply: Reply, terms: Terms, begun: datetime) -> None:
    """The attempt begun at that time handed nothing over: it counts for nothing."""
    tx.sent.take_back(reply.tenant, reply.gateway, day_of(begun, terms.zone))


def day_of(moment: datetime, zone: tzinfo) -> str:
    """The tenant's date."""
    return moment.astimezone(zone).date().isoformat()


def next_day(now: datetime, zone: tzinfo) -> datetime:
    """The first moment of the tenant's next day."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), zone).astimezone(now.tzinfo)


def _by_day(tx: Tx, reply: Reply, terms: Terms, now: datetime) -> HeldBack | None:
    if terms.daily_ceiling is None and terms.tenant_ceiling is None:
        return None
    sent = tx.sent.by_gateway(reply.tenant, day_of(now, terms.zone))
    if terms.daily_ceiling is not None and sent.get(reply.gateway, 0) >= terms.daily_ceiling:
        return _until_tomorrow(DAILY_CEILING, f"the {terms.daily_ceiling:,} of {reply.gateway}", terms, now)
    if terms.tenant_ceiling is not None and sum(sent.values()) >= terms.tenant_ceiling:
        return _until_tomorrow(TENANT_CEILING, f"the {terms.tenant_ceiling:,} of the tenant", terms, now)
    return None


def _until_tomorrow(why: str, which: str, terms: Terms, now: datetime) -> HeldBack:
    midnight = next_day(now, terms.zone)
    goes_on = f"{midnight.astimezone(terms.zone):%Y-%m-%d %H:%M} {terms.zone}"
    words = f"as many mails as may leave in a day have left, {which}: goes on at {goes_on}"
    return HeldBack(why=why, until=min(midnight, now + LOOK_AGAIN), words=words)


def _by_pace(tx: Tx, row: OutboxRow, reply: Reply, terms: Terms, now: datetime) -> HeldBack | None:
    if terms.rate is None or (row.turn_at is not None and -EARLY <= now - row.turn_at < MINUTE):
        return None
    words = f"waits for its turn: {reply.gateway} sends {terms.rate:,} mails a minute"
    turn = max(now, tx.sent.turn(reply.tenant, reply.gateway) or now)
    if turn - now > FARTHEST_TURN:
        return HeldBack(why=RATE, until=now + FARTHEST_TURN, words=words)
    tx.sent.give_turns_until(reply.tenant, reply.gateway, turn + MINUTE / terms.rate)
    return HeldBack(why=RATE, until=turn, words=words, turn_at=turn) if turn > now else None
