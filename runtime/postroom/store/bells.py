"""Bells: how loops that sleep learn of a commit that concerns them. They belong to the event loop's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from postroom.ports.store import Bell, Topic
from postroom.ports.world import Clock


class TopicBell:
    """ports.store.Bell: remembers a ring until the next wait, however many there were."""

    def __init__(self, clock: Clock, listeners: set[TopicBell]) -> None:
        self._clock = clock
        self._listeners = listeners
        self._has_rung = False
        self._wake = asyncio.Event()
        listeners.add(self)

    def ring(self) -> None:
        """Ring; it never waits."""
        self._has_rung = True
        self._wake.set()

    async def wait(self, at_most: float | None = None) -> bool:
        """Wait for a ring since the last wait, no longer than `at_most` seconds of the clock; True when it rang."""
        if not self._has_rung:
            self._wake.clear()
            await (self._wake.wait() if at_most is None else self._clock.wait(self._wake, at_most))
        has_rung, self._has_rung = self._has_rung, False
        return has_rung

    def close(self) -> None:
        """Listen no more."""
        self._listeners.discard(self)


class Bells:
    """Every bell by its topic."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: dict[Topic, set[TopicBell]] = {topic: set() for topic in Topic}

    def bell(self, topic: Topic) -> Bell:
        """A new bell for the topic."""
        return TopicBell(self._clock, self._listeners[topic])

    def ring(self, topics: Iterable[Topic]) -> None:
        """Ring every bell of these topics."""
        for topic in topics:
            for bell in self._listeners[topic]:
                bell.ring()
