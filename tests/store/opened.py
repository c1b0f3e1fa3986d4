"""A real store in a folder, for as long as a test runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from postroom.engine.world import SystemClock, ThreadOffload
from postroom.store.sqlite import READERS, WRITER, SqliteStore


@asynccontextmanager
async def opened(folder: Path, committed: Callable[[float, int], None] | None = None) -> AsyncIterator[SqliteStore]:
    """Open the folder's store and close it, with its threads."""
    offload = ThreadOffload({WRITER: 1, READERS: 2})
    try:
        store = await SqliteStore.open(folder, SystemClock(), offload, committed)
        try:
            yield store
        finally:
            await store.close()
    finally:
        offload.close()
