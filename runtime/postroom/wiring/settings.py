"""Changes settings in a store that no service runs on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from postroom.engine.settings_desk import SettingsDesk
from postroom.engine.world import SystemClock, ThreadOffload
from postroom.errors import ConfigurationError
from postroom.ports.store import Tx
from postroom.settings.load import load_process
from postroom.settings.schema import Generation
from postroom.settings.stored import Document, load_stored
from postroom.settings.stored_folder import StoredFolder
from postroom.settings.taking import Taking
from postroom.store.sqlite import SqliteStore
from postroom.wiring.configuration import documents
from postroom.wiring.reload import missed_in


@asynccontextmanager
async def settings_at_rest(folder: Path) -> AsyncIterator[Taking]:
    """Who takes changes, for a configuration folder. Raises ConfigurationError, also where a service runs on it."""
    process, problems = load_process(folder)
    if problems:
        raise ConfigurationError("\n".join(str(problem) for problem in problems))
    clock, offload = SystemClock(), ThreadOffload({})
    try:
        store = await SqliteStore.open(Path(folder, process.store.folder), clock, offload)
        try:
            kept = await store.read(lambda tx: documents(tx.settings.newest()))
            loaded = load_stored(folder, kept)
            stored = StoredFolder(folder, process, kept, loaded.files)
            # What is there may have become wrong, as by a file that is gone: it can be put right by what comes.
            now = loaded.generation or Generation(number=1, folder=str(folder), process=process, tenants=())
            yield SettingsDesk(stored, AtRest(store), lambda: now, clock, offload)
        finally:
            await store.close()
    finally:
        offload.close()


class AtRest:
    """Keeps generations that nobody works by yet."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def kept(self) -> tuple[Document, ...]:
        """The documents in the store."""
        return await self._store.read(lambda tx: documents(tx.settings.newest()))

    async def stands_against(self, generation: Generation) -> tuple[str, ...]:
        """What of the kept work stands against it."""
        return await self._store.read(lambda tx: missed_in(tx, generation))

    async def swap(self, generation: Generation, keep: Callable[[Tx], None]) -> frozenset[tuple[str, str]]:
        """Keep it. Raises ConfigurationError."""

        def unit(tx: Tx) -> None:
            problems = missed_in(tx, generation)
            if problems:
                raise ConfigurationError("\n".join(problems))
            keep(tx)

        await self._store.write(unit)
        return frozenset()

    def follow(self, read_as: bytes, changed: frozenset[tuple[str, str]]) -> None:
        """Whoever starts next follows."""
