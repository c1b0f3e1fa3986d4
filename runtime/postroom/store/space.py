"""How much room the store's disk has, and whether that is enough to fetch more mail."""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec import Struct

GIBIBYTE = 1024**3
SHARE = 20
"""One part in twenty of the volume: 5 %."""
COPIES = 2
"""A mail in hand may be on the disk twice for a moment: as a spool, and in the database's log."""


class Space(Struct, frozen=True, kw_only=True):
    """Octets of a volume: how many an unprivileged process may still write, and how many there are."""

    free: int
    total: int


def free_space(folder: Path) -> Space:
    """The room on the folder's volume. Blocking."""
    usage = shutil.disk_usage(folder)
    return Space(free=usage.free, total=usage.total)


def min_free(total: int, largest: int) -> int:
    """Octets to keep free: the smaller of 1 GiB and 5 % of the volume, never under twice the largest mail in hand."""
    return max(min(GIBIBYTE, total // SHARE), COPIES * largest)


def room_for(space: Space, largest: int) -> bool:
    """Whether mail may be fetched while the largest one in hand has that many octets."""
    return space.free >= min_free(space.total, largest)
