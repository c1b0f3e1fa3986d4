"""The real machine behind ports/world.py: wall clock, threads, ids and failpoints.

It is in charge of touching the system; no other module reads the time, starts a thread or draws a random number.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

from postroom.errors import ConfigurationError, PostroomError
from postroom.ports.world import Clock, Failpoint

P = ParamSpec("P")
T = TypeVar("T")

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
ULID_LENGTH = 26
_PAIRS = tuple(first + second for first in CROCKFORD for second in CROCKFORD)
_SHIFTS = tuple(range(5 * (ULID_LENGTH - 2), -1, -10))
RANDOM_BITS = 80
SECRET_BYTES = 20
CHANCE_BITS = 53
YOUNG_OBJECTS = 20_000
"""Objects made between two looks for garbage; a group of mails makes some thousands."""

TEST_MODE = "POSTROOM_TEST_MODE"
FAILPOINT = "FAILPOINT"
ACTIONS = ("kill", "stop", "raise")


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Give the wall-clock time, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 the one place that reads the wall clock

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, no longer than that; True when it is set."""
        try:
            async with asyncio.timeout(seconds):
                return await event.wait()
        except TimeoutError:
            return event.is_set()


class ThreadOffload:
    """Threads in named lanes; a lane that is not named in `threads` has one thread, so it keeps order."""

    def __init__(self, threads: Mapping[str, int]) -> None:
        self._threads = dict(threads)
        self._lanes: dict[str, ThreadPoolExecutor] = {}

    async def run(self, lane: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the work on a thread of the lane; a cancelled caller leaves work that has begun to finish by itself."""
        call = functools.partial(contextvars.copy_context().run, functools.partial(work, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._lane(lane), call)

    def close(self) -> None:
        """Let work that has begun finish, drop the rest, and end every thread. Blocking."""
        for lane in self._lanes.values():
            lane.shutdown(wait=True, cancel_futures=True)

    def _lane(self, name: str) -> ThreadPoolExecutor:
        lane = self._lanes.get(name)
        if lane is None:
            lane = ThreadPoolExecutor(max_workers=self._threads.get(name, 1), thread_name_prefix=name)
            self._lanes[name] = lane
        return lane


class SystemIds:
    """ULIDs that grow strictly within this process, whatever the clock does, and secrets from the system."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def new(self) -> str:
        """A ULID in lower case; one of the same millisecond, or after a clock set back, is the last one plus one."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        with self._lock:
            is_later = milliseconds > self._last >> RANDOM_BITS
            self._last = milliseconds << RANDOM_BITS | secrets.randbits(RANDOM_BITS) if is_later else self._last + 1
            return _crockford(self._last)

    def secret(self) -> str:
        """A token nobody can guess: 160 bits, URL-safe."""
        return secrets.token_urlsafe(SECRET_BYTES)

    def chance(self) -> float:
        """A number from 0 up to 1, for spreading what would else happen all at once."""
        return secrets.randbits(CHANCE_BITS) / (1 << CHANCE_BITS)


def spare_the_collector() -> None:
    """Tell the garbage collector that what was built so far stays, and to look seldom: counting frees the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


def _crockford(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


class FailpointReached(PostroomError):
    """A failpoint of this test run was reached."""


def no_failpoint(name: str) -> None:
    """Pass the place: what production does at every failpoint."""


class EnvFailpoint:
    """Kills, stops or fails this process the nth time it passes one place; threads count together."""

    def __init__(self, name: str, action: str, nth: int) -> None:
        self._name = name
        self._action = action
        self._left = nth
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        """Pass the place `name`; raises FailpointReached where the action is `raise`."""
        if name != self._name:
            return
        with self._lock:
            self._left -= 1
            is_time = self._left == 0
        if is_time:
            self._act()

    def _act(self) -> None:
        if self._action == "raise":
            raise FailpointReached(f"failpoint {self._name}")
        os.kill(os.getpid(), signal.SIGKILL if self._action == "kill" else signal.SIGSTOP)


def failpoint_from(environment: Mapping[str, str]) -> Failpoint:
    """Read FAILPOINT=name:kill|stop|raise:nth; raises ConfigurationError outside test mode or where it is malformed."""
    wanted = environment.get(FAILPOINT)
    if wanted is None:
        return no_failpoint
    if environment.get(TEST_MODE) != "1":
        raise ConfigurationError(f"{FAILPOINT} is set, which kills this process on purpose, and {TEST_MODE} is not 1")
    name, _, rest = wanted.partition(":")
    action, _, nth = rest.partition(":")
    if not name or action not in ACTIONS or not (nth.isascii() and nth.isdigit()) or int(nth) < 1:
        raise ConfigurationError(f"{FAILPOINT}={wanted!r} is not name:{'|'.join(ACTIONS)}:nth with nth from 1")
    return EnvFailpoint(name, action, int(nth))
