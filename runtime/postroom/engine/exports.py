"""Makes the files of exports, one task after another; a task that a kill left half-way is begun anew.

A file is a zip of parts of at most PART records, and goes away with its task when that expires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import structlog
from msgspec.structs import replace

from postroom.errors import PostroomError
from postroom.ports.exports import ExportStatus, ExportTask
from postroom.ports.store import Store, Topic, Tx
from postroom.ports.world import Clock, Failpoint, Offload
from postroom.settings.channel_file import PART, part

log = structlog.get_logger(__name__)

LOOK_EVERY = 600.0
LANE = "exports"

Record: TypeAlias = dict[str, Any]


class Source(Protocol):
    """Where records come from."""

    columns: tuple[str, ...]

    def page(self, tx: Tx, task: ExportTask, after: int, most: int) -> Sequence[tuple[int, Record]]:
        """The next records after a number, each with its own."""
        ...


class Parcels(Protocol):
    """The files, by their tasks; all of it blocks and raises TemporaryError."""

    def begin(self, name: str) -> None:
        """Begin a file anew."""
        ...

    def add(self, name: str, parts: Sequence[tuple[str, bytes]]) -> None:
        """Put parts into it."""
        ...

    def finish(self, name: str) -> None:
        """Make it durable under its name."""
        ...

    def drop(self, name: str) -> None:
        """Remove what there is of it."""
        ...


class Exporter:
    """Works until cancelled."""

    def __init__(  # noqa: PLR0917 what it works with
        self,
        store: Store,
        parcels: Parcels,
        sources: Mapping[str, Source],
        clock: Clock,
        offload: Offload,
        failpoint: Failpoint,
    ) -> None:
        self._store = store
        self._parcels = parcels
        self._sources = sources
        self._clock = clock
        self._offload = offload
        self._failpoint = failpoint

    async def run(self) -> None:
        """Make what is wanted, and throw away what expired."""
        bell = self._store.bell(Topic.EXPORTS)
        try:
            while True:
                await self.work()
                await bell.wait(LOOK_EVERY)
        finally:
            bell.close()

    async def work(self) -> None:
        """Do all there is to do now."""
        now = self._clock.now()
        for gone in await self._store.read(lambda tx: list(tx.exports.expired(now))):
            await self._offload.run(LANE, self._parcels.drop, gone.id)
            await self._save_gone(gone)
        for task in await self._store.read(lambda tx: list(tx.exports.running())):
            await self._save(await self._made(task))

    async def _made(self, task: ExportTask) -> ExportTask:
        try:
            return replace(await self._make(replace(task, done=0)), status=ExportStatus.SUCCESS)
        except PostroomError as error:
            log.warning("export_failed", task=task.id, why=str(error))
            return replace(task, status=ExportStatus.FAILED, words=str(error)[:500])

    async def _make(self, task: ExportTask) -> ExportTask:
        await self._offload.run(LANE, self._parcels.begin, task.id)
        after, number = 0, 0
        while page := await self._page(task, after):
            after, number = page[-1][0], number + 1
            await self._offload.run(LANE, self._add, task, number, [record for _, record in page])
            task = replace(task, done=task.done + len(page), total=max(task.total, task.done + len(page)))
            await self._save(task)
            self._failpoint("export_part")
        await self._offload.run(LANE, self._parcels.finish, task.id)
        return replace(task, total=task.done)

    async def _page(self, task: ExportTask, after: int) -> Sequence[tuple[int, Record]]:
        source = self._sources[task.what]
        return await self._store.read(lambda tx: source.page(tx, task, after, PART))

    def _add(self, task: ExportTask, number: int, records: Sequence[Record]) -> None:
        columns = self._sources[task.what].columns
        self._parcels.add(task.id, [part(task.what, number, task.form, columns, records)])

    async def _save(self, task: ExportTask) -> None:
        await self._store.write(lambda tx: tx.exports.save(task))

    async def _save_gone(self, task: ExportTask) -> None:
        await self._store.write(lambda tx: tx.exports.drop(task.id))
