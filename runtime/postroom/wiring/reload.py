"""Puts a changed configuration in force while the service runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from postroom.engine.anew import Anew, wake_all
from postroom.engine.reload import Reloader
from postroom.engine.supervisor import Loop, Supervisor
from postroom.errors import ConfigurationError
from postroom.ports.store import Tx
from postroom.settings.fingerprint import fingerprint
from postroom.settings.load import load
from postroom.settings.removed import removed_in_use
from postroom.settings.schema import Generation
from postroom.wiring.gateways import InUse, Shown, build_gateways
from postroom.wiring.intake import Collectors
from postroom.wiring.parts import Parts

log = structlog.get_logger(__name__)


class Reloading:
    """Swaps generations; it has to know who works with which."""

    def __init__(
        self,
        parts: Parts,
        shown: Shown,
        in_use: InUse,
        collectors: Collectors,
        supervisor: Supervisor,
        *,
        told: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._told = told
        self._parts = parts
        self._shown = shown
        self._in_use = in_use
        self._collectors = collectors
        self._supervisor = supervisor

    def loop(self) -> Loop:
        """The watch over the configuration's folder."""
        parts = self._parts
        reloader = Reloader(
            parts.clock,
            parts.offload,
            partial(fingerprint, parts.folder, parts.store_folder),
            partial(load, parts.folder),
            self.swap,
            parts.metrics.settings_refused,
        )
        return Loop(name="settings", run=lambda _: reloader.run())

    async def swap(self, generation: Generation) -> None:
        """Put a generation in force as a whole. Raises ConfigurationError, TemporaryError with nothing changed."""
        parts = self._parts
        _refuse_for_running(parts.generation, generation)
        used = await parts.store.read(_in_use)
        problems = removed_in_use(generation, *used)
        if problems:
            raise ConfigurationError("\n".join(problems))
        build = partial(build_gateways, generation, parts.builder, parts.ring, self._shown)
        gateways = await parts.offload.run("settings", build)
        parts.in_force.swap(generation)
        parts.metrics.config_generation(generation.number)
        parts.failpoint("settings_swapped")
        await self._in_use.swap(gateways)
        self._collectors.follow(self._supervisor)
        for tell in self._told:
            tell()
        await self._look_anew()

    async def _look_anew(self) -> None:
        """Let whoever waits for something look whether it is still so."""
        await Anew(self._parts.store, self._parts.step).timers()
        await self._parts.store.write(wake_all)


def _refuse_for_running(now: Generation, wanted: Generation) -> None:
    """What cannot be changed while the service runs. Raises ConfigurationError."""
    names = ("store", "http", "ops", "drain_within")
    changed = [name for name in names if getattr(now.process, name) != getattr(wanted.process, name)]
    if changed:
        file = Path(now.folder, "postroom.yaml")
        raise ConfigurationError(f"{file}: {', '.join(changed)}: cannot change while the service runs: start it anew")


def _in_use(tx: Tx) -> tuple[list[tuple[str, str, str, int]], list[tuple[str, str, int]]]:
    return list(tx.sessions.channels_in_use()), list(tx.sessions.agents_in_use())
