"""Reads the newest settings of a store's folder without taking it, for who only looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from postroom.ports.settings_versions import SettingsVersion
from postroom.store.connection import Connection
from postroom.store.database import FILE, open_reader
from postroom.store.faults import mapped
from postroom.store.settings_versions import SqlSettingsVersions

_HAS_TABLE = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'settings_versions'"


def newest_in(folder: Path) -> Sequence[SettingsVersion]:
    """The newest version of each tenant; none where no release that keeps settings wrote the store. Blocking."""
    if not (folder / FILE).is_file():
        return ()
    with closing(open_reader(folder)) as raw:
        try:
            (is_there,) = raw.execute(_HAS_TABLE).fetchone()
        except sqlite3.Error as error:
            raise mapped(error, read_only=True) from error
        return SqlSettingsVersions(Connection(raw, read_only=True)).newest() if is_there else ()
