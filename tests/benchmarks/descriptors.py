"""Lets a process have as many open files as this machine allows."""

from __future__ import annotations

import resource
from contextlib import suppress

WANTED = 65_536


def raise_limit() -> None:
    """Raise the limit of open files; where the hard limit may not be raised, up to that."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (WANTED, max(hard, WANTED)))
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
