from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from postroom.errors import PermanentError
from postroom.ports.records import RawRef
from postroom.store.connection import Connection
from postroom.store.migrations import known_migrations, migrate
from postroom.store.outbox import PASS_AFTER, SqlOutbox
from postroom.store.transaction import SqlTx
from tests.store.samples import later, outbox_row, receipt

PASS = PASS_AFTER.total_seconds()


@contextmanager
def database() -> Iterator[Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        migrate(raw, known_migrations())
        yield Connection(raw)


@dataclass
class Modelled:
    """A pending row as the law sees it; times in seconds."""

    name: str
    of: str
    due: float
    leased_until: float | None = None
    first_tried: float | None = None

    def is_in_hand(self, now: float) -> bool:
        return self.leased_until is not None and self.leased_until > now

    def lets_pass(self, now: float) -> bool:
        """It waits for its retry, and its first attempt is long enough ago."""
        return self.due > now and self.first_tried is not None and self.first_tried + PASS <= now


def leasable(rows: list[Modelled], now: float) -> list[Modelled]:
    """What may be taken now, the longest due first."""
    free = []
    for place, row in enumerate(rows):
        others = [(at, one) for at, one in enumerate(rows) if one.of == row.of and one is not row]
        is_held_back = any(one.is_in_hand(now) or (at < place and not one.lets_pass(now)) for at, one in others)
        if row.due <= now and not row.is_in_hand(now) and not is_held_back:
            free.append(row)
    return sorted(free, key=lambda row: row.due)


class OutboxLaw(RuleBasedStateMachine):
    """Any history of an outbox: what is leased is what the order of replies lets go, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._open = database()
        self._outbox = SqlOutbox(self._open.__enter__())
        self._rows: list[Modelled] = []
        self._now = 0.0
        self._number = 0

    def teardown(self) -> None:
        self._open.__exit__(None, None, None)

    @rule(of=st.sampled_from(["c1", "c2"]), delay=st.sampled_from([0, 0, -30, 90]))
    def put_in(self, of: str, delay: int) -> None:
        self._number += 1
        row = Modelled(f"o{self._number}", of, self._now + delay + self._number / 1000)
        self._outbox.add(outbox_row(row.name, of, due=row.due))
        self._rows.append(row)

    @rule(seconds=st.sampled_from([1, 60, 299, 600, 1200]))
    def time_passes(self, seconds: int) -> None:
        self._now += seconds

    @rule(limit=st.integers(1, 4))
    def lease(self, limit: int) -> None:
        expected = leasable(self._rows, self._now)[:limit]
        taken = self._outbox.lease("mine", later(self._now), later(self._now + 300), limit)
        assert [row.id for row in taken] == [row.name for row in expected]
        for row in expected:
            row.leased_until = self._now + 300
            row.first_tried = self._now if row.first_tried is None else row.first_tried

    @rule(place=st.integers(0, 9), wait=st.sampled_from([10, 300, 4000]))
    def try_again(self, place: int, wait: int) -> None:
        if row := self._in_hand(place):
            row.due, row.leased_until = self._now + wait + row.due % 1, None
            self._outbox.again(row.name, later(row.due), "4yz")

    @rule(place=st.integers(0, 9), is_done=st.booleans())
    def close(self, place: int, *, is_done: bool) -> None:
        if row := self._in_hand(place):
            self._rows.remove(row)
            self._outbox.done(row.name) if is_done else self._outbox.fail(row.name, "5yz")

    @rule()
    def start_again(self) -> None:
        held = [row for row in self._rows if row.leased_until is not None]
        assert self._outbox.reclaim() == len(held)
        for row in held:
            row.leased_until = None

    @invariant()
    def never_two_of_one_conversation_are_in_hand(self) -> None:
        held = [row.of for row in self._rows if row.is_in_hand(self._now)]
        assert len(held) == len(set(held))

    @invariant()
    def next_due_is_the_earliest_without_a_lease(self) -> None:
        free = [later(row.due) for row in self._rows if row.leased_until is None]
        assert self._outbox.next_due() == min(free, default=None)

    def _in_hand(self, place: int) -> Modelled | None:
        held = [row for row in self._rows if row.leased_until is not None]
        return held[place % len(held)] if held else None


OutboxLaw.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestOutboxLaw = OutboxLaw.TestCase


def test_a_value_sqlite_cannot_hold_is_a_permanent_error() -> None:
    """Mails are hostile: a lone surrogate or an enormous number must not look like a fault of the machine."""
    with database() as db:
        tx = SqlTx(db)
        with pytest.raises(PermanentError, match="does not take this value"):
            tx.mails.keep_raw(RawRef(sha256="a", size=2**64))
        with pytest.raises(PermanentError, match="does not take this value"):
            tx.ledger.receive(receipt("r1", uid="\udc80"))
        assert tx.ledger.receive(receipt("r1", uid="\0 'quoted' ü"))[1]
