"""What may be exported, and who makes the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from postroom.engine.exports import Exporter, Record, Source
from postroom.engine.session_records import SESSION_COLUMNS, session_record
from postroom.engine.supervisor import Loop
from postroom.ports.exports import ExportTask
from postroom.ports.store import Tx
from postroom.settings.channel_records import COLUMNS, record_of
from postroom.settings.schema import Generation
from postroom.store.parcels import Parcels
from postroom.wiring.parts import Parts


class Channels:
    """The channels in force, in their order."""

    columns: tuple[str, ...] = COLUMNS

    def __init__(self, current: Callable[[], Generation]) -> None:
        self._current = current

    def page(self, _tx: Tx, task: ExportTask, after: int, most: int) -> Sequence[tuple[int, Record]]:
        """The next channels; numbers are their places from 1 on."""
        tenant = self._current().tenant(task.tenant)
        wanted = [one for one in tenant.channels if not task.names or one.name in task.names] if tenant else []
        return [(number, record_of(one)) for number, one in enumerate(wanted[after : after + most], after + 1)]


class Sessions:
    """Every session, in the order of their making; who its customer is stands with its conversation."""

    columns: tuple[str, ...] = SESSION_COLUMNS

    def page(self, tx: Tx, task: ExportTask, after: int, most: int) -> Sequence[tuple[int, Record]]:
        """The next sessions of the channels selected."""
        found: list[tuple[int, Record]] = []
        while not found and (rows := tx.sessions.opened(task.tenant, (task.since, task.until), after, most)):
            after = rows[-1][0]
            found = [(seq, session_record(tx, one)) for seq, one in rows if not task.names or one.channel in task.names]
        return found


def exports_loop(parts: Parts) -> Loop:
    """Who makes the files of exports."""
    sources: dict[str, Source] = {"channels": Channels(parts.current), "sessions": Sessions()}
    parcels = Parcels(parts.store_folder)
    exporter = Exporter(parts.store, parcels, sources, parts.clock, parts.offload, parts.failpoint)
    return Loop(name="exports", run=lambda _: exporter.run())
