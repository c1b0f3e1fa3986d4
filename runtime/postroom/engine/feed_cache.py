"""Keeps the last good state of each calendar in the store's folder, so that it is known at once after a restart."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from postroom.engine.feed_source import Fetched

FOLDER = "calendars"


class _Kept(Struct, frozen=True):
    source: str
    fetched: Fetched


class FeedCache:
    """One file a calendar, with the source it came from; another source makes it void. Everything here blocks."""

    def __init__(self, store_folder: Path) -> None:
        self._folder = store_folder / FOLDER

    def load(self, tenant: str, calendar: str, source: str) -> Fetched | None:
        """Give what was kept of this source; None where there is nothing, or nothing that can be read."""
        try:
            kept = msgspec.json.decode(self._path(tenant, calendar).read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            return None
        return kept.fetched if kept.source == source else None

    def save(self, tenant: str, calendar: str, source: str, fetched: Fetched) -> None:
        """Keep it in place of what was kept before. Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._path(tenant, calendar)
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(msgspec.json.encode(_Kept(source, fetched)))
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(path)

    def _path(self, tenant: str, calendar: str) -> Path:
        name = hashlib.sha256(f"{tenant}/{calendar}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"
