"""What is measured of a process that receives mail, and how: time on the clock, processor time, memory at its peak."""

from __future__ import annotations

import resource
import time
from pathlib import Path

from msgspec import Struct

MEGABYTE = 1_000_000


class Measure(Struct, frozen=True, kw_only=True):
    """One box received by one peer. `cpu_seconds` is user and system time; `peak_memory` is in octets."""

    mails: int
    octets: int
    seconds: float
    cpu_seconds: float
    peak_memory: int

    @property
    def mails_per_second(self) -> float:
        """How fast it was."""
        return self.mails / self.seconds

    @property
    def cpu_per_mail(self) -> float:
        """Processor time a mail, in milliseconds."""
        return 1_000 * self.cpu_seconds / self.mails


class Idling(Struct, frozen=True, kw_only=True):
    """What a process does that has nothing to do. Lags are seconds, memory octets."""

    gateways: int
    seconds: float
    polls: int
    cpu_seconds: float
    memory: int
    peak_memory: int
    lag_p99: float
    lag_worst: float
    store_changed: bool
    configured_in: float
    """Seconds to read and check the configuration."""
    polled_once_in: float
    """Seconds from the start until every gateway had polled once."""


class Stopwatch:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._cpu = cpu_seconds()
        self._at = time.perf_counter()

    def stop(self, mails: int, octets: int) -> Measure:
        """What it took until now."""
        return Measure(
            mails=mails,
            octets=octets,
            seconds=time.perf_counter() - self._at,
            cpu_seconds=cpu_seconds() - self._cpu,
            peak_memory=memory("VmHWM"),
        )


def cpu_seconds() -> float:
    """User and system time of this process, all its threads, and the children it waited for."""
    every = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in every)


def memory(what: str, process: int | str = "self") -> int:
    """Octets of memory: `VmRSS` now, `VmHWM` at the peak; 0 for a process that is no more."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{what}:")), 0)
