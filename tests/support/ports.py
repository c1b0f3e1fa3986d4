"""Loopback ports for servers that a test starts itself, and may start again later on the same port.

They lie below the range from which the system gives ports to connections and to servers that ask for any: nobody is
given one by chance while its server is down. Each test worker has a stretch of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Iterator

FIRST, STRETCH, WORKERS = 12_000, 1_200, 16
"""32,768 is where Linux begins by itself (net.ipv4.ip_local_port_range)."""


def _turn() -> Iterator[int]:
    worker = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))) or WORKERS - 1) % WORKERS
    begin = os.getpid() % STRETCH
    return (FIRST + worker * STRETCH + (begin + number) % STRETCH for number in itertools.count())


_TURN = _turn()


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on at this moment, and nobody is given by chance."""
    found: list[int] = []
    while len(found) < count:
        port = next(_TURN)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found


def free_port() -> int:
    """One such port."""
    return free_ports(1)[0]
