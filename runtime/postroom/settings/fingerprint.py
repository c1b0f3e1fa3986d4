"""What a configuration folder holds, in a few bytes: they differ where anything in it changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

MOST_FILES = 5_000
"""Files beyond this many are not looked at: a configuration has some dozens."""


def fingerprint(folder: Path, but: Path) -> bytes:
    """Digest names, sizes and times of every file below the folder, but those of the store, `but`. Blocking."""
    digest = hashlib.sha256()
    for name, _ in zip(_files(folder, but.resolve()), range(MOST_FILES), strict=False):
        try:
            found = os.stat(name)  # noqa: PTH116 what os.walk gives is a string
        except OSError:
            continue
        digest.update(f"{name}|{found.st_size}|{found.st_mtime_ns}|{found.st_ino}\0".encode(errors="surrogateescape"))
    return digest.digest()


def _files(folder: Path, but: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and Path(place, one).resolve() != but)
        yield from (f"{place}{os.sep}{one}" for one in sorted(files))
