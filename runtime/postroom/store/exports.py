"""Export tasks over SQL: the task as JSON, beside it what is looked for by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from postroom.ports.exports import ExportTask
from postroom.store.columns import to_json, to_micros
from postroom.store.connection import Connection
from postroom.store.queries import queries

_SQL = queries("exports")
_TASK = msgspec.json.Decoder(ExportTask)


class SqlExports:
    """ports.exports.Exports."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    def save(self, task: ExportTask) -> None:
        """Keep it, or how it is by now."""
        expires_at = to_micros(task.expires_at)
        self._db.run(_SQL["exports_save"], (task.id, task.tenant, task.status.value, expires_at, to_json(task)))

    def get(self, task: str) -> ExportTask | None:
        """That task, or None."""
        row = self._db.one(_SQL["exports_get"], (task,))
        return _TASK.decode(row[0]) if row is not None else None

    def of_tenant(self, tenant: str, most: int) -> Sequence[ExportTask]:
        """The newest of a tenant."""
        return [_TASK.decode(row[0]) for row in self._db.all(_SQL["exports_of_tenant"], (tenant, most))]

    def running(self) -> Sequence[ExportTask]:
        """Those that are not done, the oldest first."""
        return [_TASK.decode(row[0]) for row in self._db.all(_SQL["exports_running"])]

    def expired(self, now: datetime) -> Sequence[ExportTask]:
        """Those whose time is over."""
        return [_TASK.decode(row[0]) for row in self._db.all(_SQL["exports_expired"], (to_micros(now),))]

    def drop(self, task: str) -> None:
        """Forget it."""
        self._db.run(_SQL["exports_drop"], (task,))
