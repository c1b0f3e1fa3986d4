"""The loop that watches the configuration and puts a changed one in force: as a whole, or not at all.

A change counts once it stands still for a look, so that a half-written file is not read. What is refused is said
loudly, once, and everything goes on as it was; what only the present work stands against is tried again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from postroom.errors import ConfigurationError, TemporaryError
from postroom.ports.world import Clock, Offload
from postroom.settings.load import Loaded
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
AGAIN_AFTER = 60.0
"""Seconds until a sound configuration that the present work stands against is tried again."""
LANE = "settings"

Fingerprint = bytes
Swap = Callable[[Generation], Awaitable[None]]
"""Puts a generation in force. Raises ConfigurationError, TemporaryError where it cannot be, with nothing changed."""


class Files(Protocol):
    """The configuration's files; blocking."""

    @property
    def read_as(self) -> Fingerprint:
        """The fingerprint of what was last read."""
        ...

    def fingerprint(self) -> Fingerprint:
        """What they hold now: it differs where anything changed."""
        ...

    def load(self, number: int) -> Loaded | None:
        """Read them all; None where one changed meanwhile."""
        ...


class Told(Protocol):
    """Told how reloading goes."""

    def settings_refused(self) -> None:
        """What the files hold is not in force, and will not be as it is."""
        ...

    def settings_accepted(self) -> None:
        """What the files hold is in force."""
        ...


class Reloader:
    """Watches until cancelled; the generation in force at the beginning has the number 1."""

    def __init__(  # noqa: PLR0917 and whose turn it is
        self, clock: Clock, offload: Offload, files: Files, swap: Swap, told: Told, turn: asyncio.Lock | None = None
    ) -> None:
        self._clock = clock
        self._offload = offload
        self._files = files
        self._swap = swap
        self._told = told
        self._turn = turn or asyncio.Lock()
        self._number = 1
        self._again_at: float | None = None
        self._refused_for: tuple[str, ...] = ()

    async def run(self) -> None:
        """Look every LOOK_EVERY seconds."""
        seen = self._files.read_as
        while True:
            await self._clock.sleep(LOOK_EVERY)
            now = await self._offload.run(LANE, self._files.fingerprint)
            if now == seen and (now != self._files.read_as or self._is_due()):
                await self.reload()
            seen = now

    async def reload(self) -> tuple[str, ...]:
        """Load and swap now; gives the problems that stand in the way, none where it is in force or not yet whole."""
        async with self._turn:
            return await self._reload()

    async def _reload(self) -> tuple[str, ...]:
        self._again_at = None
        loaded = await self._offload.run(LANE, self._files.load, self._number + 1)
        if loaded is None:
            return ()
        if loaded.generation is None:
            return self._refuse(tuple(str(problem) for problem in loaded.problems))
        try:
            await self._swap(loaded.generation)
        except (ConfigurationError, TemporaryError) as error:
            self._again_at = self._clock.monotonic() + AGAIN_AFTER
            return self._refuse(tuple(str(error).splitlines()))
        self._number, self._refused_for = loaded.generation.number, ()
        self._told.settings_accepted()
        log.info("settings_in_force", generation=self._number, warnings=len(loaded.warnings))
        return ()

    def _is_due(self) -> bool:
        return self._again_at is not None and self._clock.monotonic() >= self._again_at

    def _refuse(self, problems: tuple[str, ...]) -> tuple[str, ...]:
        if problems != self._refused_for:
            self._refused_for = problems
            self._told.settings_refused()
            log.error("settings_refused", problems=problems, still_in_force=self._number)
        return problems
