"""What to read of a listing, and what of it the server may then forget: decisions over ledger rows; it does no I/O.

Mails that are deleted once taken in are all read, even what the ledger knows: a server may give an old UIDL to a new
mail, and nothing is deleted that the very session that deletes it has not read and found in the ledger.
Mails that stay on the server are read once: a known UIDL of the same size is the same mail. A server that gives the
UIDL of a deleted mail to another one of exactly its size hides that mail from us until the retention is over: then it
is read again, is found to be another, and is taken in instead of deleted. Without a retention it stays on the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from postroom.engine.collecting_lessons import Lessons
from postroom.engine.verdict import IntakeRules
from postroom.ports.gateways import GatewayStatus, Listed, ReceivingGateway
from postroom.ports.records import Receipt

Rows = Mapping[str, Sequence[Receipt]]
"""Ledger rows by UIDL."""


class Collecting(Struct, frozen=True, kw_only=True):
    """A receiving gateway in force. `poll_every` is in seconds, `largest` the octets of the largest mail read whole."""

    gateway: ReceivingGateway
    rules: IntakeRules
    poll_every: float
    poll_min: float | None = None
    """Between these two the wait adapts to whether mails come; without them it stays as it is."""
    poll_max: float | None = None
    batch: int
    largest: int
    leave_on_server: bool = False
    leave_for: timedelta | None = None
    """How long a mail stays on the server after it was first seen; for ever where there is none."""
    ledger_for: timedelta | None = None
    """How long the ledger at least knows a mail that is gone from the server; for ever where there is none."""


class Polled(Struct, frozen=True, kw_only=True):
    """How a session that ended well went on the whole; `is_more` when the next should follow at once."""

    is_more: bool = False
    taken: int = 0
    left: int = 0
    """Mails that were listed and wanted and not taken in."""
    status: GatewayStatus = GatewayStatus.CONNECTION_SUCCEEDED
    words: str = ""


class Choice(Struct, frozen=True, kw_only=True):
    """What to read of (a part of) a listing: the new, and what is read once more because its time on the server is up.

    Of the new, `resized` are those whose UIDL is known with another size.
    """

    new: list[Listed] = []
    due: list[Listed] = []
    resized: list[Listed] = []

    def __add__(self, other: Choice) -> Choice:
        """Both choices, in order."""
        return Choice(new=self.new + other.new, due=self.due + other.due, resized=self.resized + other.resized)


def choose(current: Collecting, listing: Sequence[Listed], rows: Rows, lessons: Lessons, now: datetime) -> Choice:
    """Choose from a listing, given the ledger's rows of its UIDLs."""
    if not current.leave_on_server:
        return Choice(new=[one for one in listing if not _is_stub(rows.get(one.uid, ()), one.size)])
    choice = Choice()
    seen_by = _seen_by(current, now)
    for one in listing:
        known = rows.get(one.uid, ())
        if not _is_known(known, one, lessons):
            choice.new.append(one)
            if known:
                choice.resized.append(one)
        elif seen_by is not None and _is_over(known, seen_by):
            choice.due.append(one)
    return choice


def may_forget(current: Collecting, taken: Sequence[Listed], rows: Rows, now: datetime) -> list[Listed]:
    """Which of the mails just read and taken in the server may delete, given the ledger's rows from after that.

    Where mails stay for a time, every row of the UIDL is settled and old enough: what was read in this session is one
    of them to the octet, whichever it is.
    """
    if not current.leave_on_server:
        return list(taken)
    seen_by = _seen_by(current, now)
    return [] if seen_by is None else [one for one in taken if _is_over(rows.get(one.uid, ()), seen_by)]


def in_turn(choice: Choice, lessons: Lessons) -> list[Listed]:
    """The chosen in the order of their reading: the new, the due, and behind them what was of no use before."""
    wanted = [*choice.new, *choice.due]
    return sorted(wanted, key=lambda one: lessons.last.get(one.uid, 0)) if lessons.last else wanted


def _seen_by(current: Collecting, now: datetime) -> datetime | None:
    """A mail that was seen by then has been on the server for long enough."""
    return now - current.leave_for if current.leave_for is not None else None


def _is_stub(known: Sequence[Receipt], size: int) -> bool:
    """Whether only the header of this mail is kept, because all of it is too large; the server keeps it."""
    return any(row.oversize and row.listed_size == size for row in known)


def _is_known(known: Sequence[Receipt], one: Listed, lessons: Lessons) -> bool:
    """Whether this mail was read before and is in good hands; one whose taking in broke off is read again."""
    if (one.uid, one.size) in lessons.read_as:
        return True
    is_unfinished = one.uid in lessons.unfinished
    return any(row.listed_size == one.size and not (is_unfinished and row.outcome is None) for row in known)


def _is_over(known: Sequence[Receipt], seen_by: datetime) -> bool:
    """Whether all that ever had this UIDL was kept whole, brought to its outcome, and seen long ago."""
    settled = (row.outcome is not None and not row.oversize and row.first_seen_at <= seen_by for row in known)
    return bool(known) and all(settled)
