"""A configuration's folder while it is watched: whether something in it changed, and what it holds then.

Watched are the files that settings are read from, and those that they name, wherever they are; nothing else in the
folder counts. What changes while it is being read is not given to anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from postroom.settings.load import PROCESS_FILE, TENANTS_FOLDER, Loaded, load
from postroom.settings.references import files
from postroom.settings.schema import Tenant


class ConfigurationFolder:
    """The folder and what was last read of it; `tenants` are those of the first reading. All of it is blocking."""

    def __init__(self, folder: Path, tenants: Iterable[Tenant]) -> None:
        self._folder = folder
        self._named: Sequence[Path] = files(folder, tenants)
        self.read_as = self.fingerprint()
        """The fingerprint of what was last read."""

    def fingerprint(self) -> bytes:
        """Digest names, sizes and times of every file that counts; one that is gone counts as gone."""
        digest = hashlib.sha256()
        for file in (self._folder / PROCESS_FILE, *self._tenants(), *self._named):
            digest.update(f"{file}|{standing(file)}\0".encode(errors="surrogateescape"))
        return digest.digest()

    def load(self, number: int) -> Loaded | None:
        """Read it all; None where a file changed meanwhile, so that nobody gets one half of each."""
        before = self.fingerprint()
        loaded = load(self._folder, number)
        if self.fingerprint() != before:
            return None
        self._named = loaded.files
        self.read_as = self.fingerprint()
        return loaded

    def _tenants(self) -> list[Path]:
        try:
            return sorted(file for file in (self._folder / TENANTS_FOLDER).iterdir() if not file.name.startswith("."))
        except OSError:
            return []


def standing(file: Path) -> str:
    """The size, time and number of a file, or that it is gone; blocking."""
    try:
        found = file.stat()
    except (OSError, ValueError):
        return "gone"
    return f"{found.st_size}|{found.st_mtime_ns}|{found.st_ino}"
