"""What is counted of a tenant's service, over SQL; each question walks the index of its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from postroom.ports.statistics import Counted, FirstReply, Group, Marked, Piece, Span, Waiting
from postroom.session.milestones import Mark, Milestone
from postroom.store.columns import to_micros, to_time_or_none
from postroom.store.connection import Connection
from postroom.store.queries import queries

_SQL = queries("statistics")
_SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)


class SqlStatistics:
    """ports.statistics.Statistics."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, milestones: Sequence[Milestone]) -> None:
        """Keep these."""
        for one in milestones:
            took = timedelta(seconds=one.took) // _MICROSECOND
            whose = (one.tenant, to_micros(one.at), one.mark.value, one.channel, one.queue, one.agent)
            self._db.run(_SQL["statistics_add"], (*whose, took, int(one.in_time)))

    def within(self, tenant: str, span: Span) -> Piece:
        """Count what happened in that piece of time."""
        asked = (tenant, to_micros(span.since), to_micros(span.until))
        return Piece(
            mails=[(Group(channel=row[0]), row[1]) for row in self._db.all(_SQL["statistics_mails"], asked)],
            replies=[
                (Group(channel=row[0], agent=row[1]), row[2]) for row in self._db.all(_SQL["statistics_replies"], asked)
            ],
            marks=[
                Marked(mark=Mark(row[0]), group=_group(row[1:4]), count=row[4], took=row[5] / _SECOND)
                for row in self._db.all(_SQL["statistics_marks"], asked)
            ],
            first_replies=[
                FirstReply(group=_group(row[:3]), took=row[3] / _SECOND, in_time=bool(row[4]))
                for row in self._db.all(_SQL["statistics_first_replies"], asked)
            ],
        )

    def waiting(self, tenant: str) -> Sequence[Waiting]:
        """What waits for an agent now, by channel and queue, offline messages too."""
        return [
            Waiting(group=Group(channel=row[0], queue=row[1]), count=row[2], oldest_at=to_time_or_none(row[3]))
            for row in self._db.all(_SQL["statistics_queued"], (tenant,))
        ]

    def open_by_agent(self, tenant: str) -> Sequence[Counted]:
        """How many open sessions each agent has, is held out or is kept."""
        return [(Group(agent=row[0]), row[1]) for row in self._db.all(_SQL["statistics_open"], (tenant,))]

    def forget_before(self, tenant: str, when: datetime, limit: int) -> int:
        """Forget what was counted before then, at most so many; gives how many."""
        return self._db.run(_SQL["statistics_forget"], (tenant, to_micros(when), limit))


def _group(columns: Sequence[str]) -> Group:
    channel, queue, agent = columns
    return Group(channel=channel, queue=queue, agent=agent)
