"""What the gauges show, read in one go."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.ports.records import Counts, QueueLength
from postroom.store.columns import to_time_or_none
from postroom.store.connection import Connection
from postroom.store.queries import Query, queries

_SQL = queries("counts")


def counts(db: Connection, queue_lengths: Sequence[QueueLength]) -> Counts:
    """Count what is open, waiting, quarantined and on its way."""
    pending = db.one(_SQL["counts_outbox"]) or (0, None)
    timers = db.one(_SQL["counts_timers"]) or (0,)
    return Counts(
        phases=tuple((row[0], row[1], row[2], row[3]) for row in db.all(_SQL["counts_phases"])),
        queues=tuple(queue_lengths),
        agents=_triples(db, _SQL["counts_agents"]),
        quarantined=_triples(db, _SQL["counts_quarantined"]),
        outbox_pending=pending[0],
        outbox_oldest_at=to_time_or_none(pending[1]),
        timers_pending=timers[0],
    )


def _triples(db: Connection, query: Query) -> tuple[tuple[str, str, int], ...]:
    return tuple((row[0], row[1], row[2]) for row in db.all(query))
