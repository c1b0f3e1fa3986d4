"""Versions of settings over SQL: a document each, with who made it, when, and what changed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.ports.settings_versions import SettingsChange, SettingsVersion
from postroom.store.columns import to_json, to_micros, to_time
from postroom.store.connection import Connection, Row
from postroom.store.queries import queries

_SQL = queries("settings_versions")
_CHANGES = msgspec.json.Decoder(tuple[SettingsChange, ...])


class SqlSettingsVersions:
    """ports.settings_versions.SettingsVersions."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, version: SettingsVersion) -> None:
        """Keep it. Raises Conflict where there is one of that number."""
        at, changes = to_micros(version.at), to_json(version.changes)
        row = (version.tenant, version.number, at, version.actor, version.action, changes, version.content)
        self._db.run(_SQL["settings_versions_outdate"], (version.tenant,))
        self._db.run(_SQL["settings_versions_add"], row)

    def newest(self) -> Sequence[SettingsVersion]:
        """The newest of each tenant, by name."""
        return [_version(row) for row in self._db.all(_SQL["settings_versions_newest"])]

    def get(self, tenant: str, number: int) -> SettingsVersion | None:
        """That version, or None."""
        row = self._db.one(_SQL["settings_versions_get"], (tenant, number))
        return _version(row) if row is not None else None

    def before(self, tenant: str, number: int, most: int) -> Sequence[SettingsVersion]:
        """At most so many before that number, the newest first, without their content."""
        rows = self._db.all(_SQL["settings_versions_before"], (tenant, number, most))
        return [_version((*row, b"")) for row in rows]

    def trim(self, tenant: str, below: int) -> int:
        """Forget those below that number; gives how many."""
        return self._db.run(_SQL["settings_versions_trim"], (tenant, below))


def _version(row: Row) -> SettingsVersion:
    return SettingsVersion(
        tenant=row[0],
        number=row[1],
        at=to_time(row[2]),
        actor=row[3],
        action=row[4],
        changes=_CHANGES.decode(row[5]),
        content=row[6],
    )
