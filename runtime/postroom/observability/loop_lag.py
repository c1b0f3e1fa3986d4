"""Samples how late the event loop wakes: the time others made it wait. It only measures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

SAMPLE_SECONDS = 0.5


async def sample_loop_lag(
    monotonic: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    observe: Callable[[float], None],
    every: float = SAMPLE_SECONDS,
) -> None:
    """Sleep and compare, until cancelled; the clock's two methods are given, for this room knows no ports."""
    while True:
        asked = monotonic()
        await sleep(every)
        observe(max(0.0, monotonic() - asked - every))
