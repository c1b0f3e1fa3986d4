"""What left by each sending gateway on a tenant's day, and the first turn that is not given, over SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from postroom.store.columns import to_micros, to_time
from postroom.store.connection import Connection
from postroom.store.queries import queries

_SQL = queries("sent")


class SqlSentMails:
    """ports.repositories.SentMails."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def count(self, tenant: str, gateway: str, day: str) -> None:
        """One more leaves on that day."""
        self._db.run(_SQL["sent_count"], (tenant, day, gateway))

    def take_back(self, tenant: str, gateway: str, day: str) -> None:
        """One that was counted on that day did not leave."""
        self._db.run(_SQL["sent_take_back"], (tenant, day, gateway))

    def by_gateway(self, tenant: str, day: str) -> Mapping[str, int]:
        """How many left on that day by each gateway."""
        return {row[0]: row[1] for row in self._db.all(_SQL["sent_by_gateway"], (tenant, day))}

    def turn(self, tenant: str, gateway: str) -> datetime | None:
        """The first turn that nobody was given yet."""
        row = self._db.one(_SQL["sent_turn"], (tenant, gateway))
        return to_time(row[0]) if row else None

    def give_turns_until(self, tenant: str, gateway: str, next_at: datetime) -> None:
        """Every turn before that time is given."""
        self._db.run(_SQL["sent_give_turns"], (tenant, gateway, to_micros(next_at)))

    def forget_days_before(self, tenant: str, day: str) -> int:
        """Drop the tenant's counts of days before that one; gives how many."""
        return self._db.run(_SQL["sent_forget"], (tenant, day))
