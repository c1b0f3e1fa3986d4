"""Where the operator's socket is: one file in the store's folder, named so that the kernel takes any path to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = "postroom.sock"
LONGEST = 107
"""Octets of a socket's path; unix(7): sun_path has 108 with its NUL."""


@contextmanager
def socket_address(folder: Path) -> Iterator[str]:
    """The path to bind or connect to, valid inside the block. Raises OSError where the folder cannot be opened."""
    path = str(folder / SOCKET)
    if len(os.fsencode(path)) <= LONGEST:
        yield path
        return
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET}"
    finally:
        os.close(handle)
