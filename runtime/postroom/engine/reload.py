"""The loop that watches the configuration and puts a changed one in force: as a whole, or not at all.

A change counts once it stands still for a look, so that a half-written file is not read. What is refused is said
loudly, and everything goes on as it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from postroom.errors import ConfigurationError, TemporaryError
from postroom.ports.world import Clock, Offload
from postroom.settings.load import Loaded
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0

Fingerprint = bytes
Swap = Callable[[Generation], Awaitable[None]]
"""Puts a generation in force. Raises ConfigurationError where it cannot be, with nothing changed."""


class Reloader:
    """Watches until cancelled; `ask` has it look at once."""

    def __init__(  # noqa: PLR0917 everything it touches, and nothing else
        self,
        clock: Clock,
        offload: Offload,
        fingerprint: Callable[[], Fingerprint],
        load: Callable[[int], Loaded],
        swap: Swap,
        refused: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._offload = offload
        self._fingerprint = fingerprint
        self._load = load
        self._swap = swap
        self._refused = refused
        self._number = 1

    async def run(self) -> None:
        """Look every LOOK_EVERY seconds."""
        tried = seen = await self._look()
        while True:
            await self._clock.sleep(LOOK_EVERY)
            now = await self._look()
            if now != tried and now == seen:
                tried = now
                await self.reload()
            seen = now

    async def reload(self) -> tuple[str, ...]:
        """Load and swap now; gives the problems that stand in the way, none where it is in force."""
        loaded = await self._offload.run("settings", self._load, self._number + 1)
        if loaded.generation is None:
            return self._refuse(tuple(str(problem) for problem in loaded.problems))
        try:
            await self._swap(loaded.generation)
        except (ConfigurationError, TemporaryError) as error:
            return self._refuse(tuple(str(error).splitlines()))
        self._number = loaded.generation.number
        log.info("settings_in_force", generation=self._number, warnings=len(loaded.warnings))
        return ()

    def _refuse(self, problems: tuple[str, ...]) -> tuple[str, ...]:
        self._refused()
        log.error("settings_refused", problems=problems, still_in_force=self._number)
        return problems

    async def _look(self) -> Fingerprint:
        return await self._offload.run("settings", self._fingerprint)
