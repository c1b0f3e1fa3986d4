"""Undeliverable addresses over SQL."""

from __future__ import annotations

from datetime import datetime

from postroom.mail.address_key import address_key
from postroom.store.columns import to_micros
from postroom.store.connection import Connection
from postroom.store.queries import queries

_SQL = queries("undeliverable")


class SqlUndeliverable:
    """ports.store.Undeliverable. Addresses are kept as they are compared."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, tenant: str, address: str, now: datetime, until: datetime) -> None:
        """Remember that the address cannot be written to until then."""
        self._db.run(_SQL["undeliverable_add"], (tenant, address_key(address), to_micros(now), to_micros(until)))

    def has(self, tenant: str, address: str, now: datetime) -> bool:
        """Whether the address cannot be written to now."""
        return self._db.one(_SQL["undeliverable_has"], (tenant, address_key(address), to_micros(now))) is not None

    def forget(self, now: datetime) -> int:
        """Forget the addresses that can be written to again; gives how many."""
        return self._db.run(_SQL["undeliverable_forget"], (to_micros(now),))
