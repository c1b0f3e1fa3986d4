"""Puts a changed configuration in force while the service runs, and lets everybody go on by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from postroom.dispatch.agents import ensure_agents
from postroom.engine.anew import Anew, wake_all
from postroom.engine.probe import Probes
from postroom.engine.reload import LANE, Files, Reloader
from postroom.engine.settings_desk import SettingsDesk
from postroom.engine.supervisor import Loop, Supervisor
from postroom.errors import ConfigurationError
from postroom.ports.store import Tx
from postroom.settings.removed import removed_in_use
from postroom.settings.schema import Generation
from postroom.settings.stored import Document
from postroom.settings.stored_folder import StoredFolder
from postroom.wiring.configuration import documents
from postroom.wiring.gateways import InUse, Works, build_gateways
from postroom.wiring.intake import Collectors
from postroom.wiring.parts import Parts

log = structlog.get_logger(__name__)

KEPT_AS = "settings"


class Following:
    """What is to be done once other settings are in force; it is done to its end, also after a kill in the middle."""

    def __init__(
        self, parts: Parts, in_use: InUse, probes: Probes, read_as: bytes, told: Callable[[Generation], None]
    ) -> None:
        self._parts = parts
        self._in_use = in_use
        self._probes = probes
        self._read_as = read_as
        self._told = told
        self._changed = asyncio.Event()
        self._to_probe: set[tuple[str, str]] = set()

    def changed(self, read_as: bytes, gateways: frozenset[tuple[str, str]]) -> None:
        """Settings with this fingerprint are in force, and these gateways are other than before."""
        self._read_as = read_as
        self._to_probe |= gateways
        self._changed.set()

    async def run(self) -> None:
        """Follow until cancelled; at the beginning, where the service was stopped or killed before it was done."""
        await self._say_what_is_missed()
        if await self._parts.keeper.read(KEPT_AS) != self._read_as:
            await self._all_the_rest(self._read_as)
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._follow()
            except Exception:
                self._changed.set()
                raise

    async def _follow(self) -> None:
        parts, generation, read_as = self._parts, self._parts.current(), self._read_as
        try:
            await parts.offload.run(LANE, self._told, generation)
        except ConfigurationError as error:
            log.warning("logs_not_changed", why=str(error))
        await parts.store.write(lambda tx: ensure_agents(tx, generation))
        await parts.store.write(wake_all)
        asked, self._to_probe = self._to_probe, set()
        async with asyncio.TaskGroup() as group:
            for gateway in asked:
                group.create_task(self._probes.ask(*gateway))
        await self._in_use.close_replaced()
        await self._all_the_rest(read_as)

    async def _all_the_rest(self, read_as: bytes) -> None:
        """What may take long: every timer of every open session, by the rules in force."""
        await self._say_what_was_in_shadow()
        await Anew(self._parts.store, self._parts.step).timers()
        await self._parts.store.write(wake_all)
        await self._parts.keeper.keep(KEPT_AS, read_as)

    async def _say_what_is_missed(self) -> None:
        for problem in await missed(self._parts, self._parts.current()):
            log.error("settings_miss_what_is_in_use", problem=problem)

    async def _say_what_was_in_shadow(self) -> None:
        for tenant, channel, count in await self._parts.store.read(lambda tx: list(tx.sessions.in_shadow())):
            if not self._parts.step.policy(tenant, channel).is_shadow:
                why = "they came in shadow: nobody is offered them until their customer writes again"
                log.warning("shadow_ended", channel=f"{tenant}/{channel}", sessions=count, why=why)


class Reloading:
    """Swaps generations; it has to know who works with which."""

    def __init__(  # noqa: PLR0917 who has to hear of new settings
        self,
        parts: Parts,
        works: Works,
        in_use: InUse,
        collectors: Collectors,
        supervisor: Supervisor,
        following: Following,
    ) -> None:
        self._parts = parts
        self._works = works
        self._in_use = in_use
        self._collectors = collectors
        self._supervisor = supervisor
        self._following = following

    def desk(self, files: Files) -> SettingsDesk | None:
        """Who takes changes; None where settings are read from files."""
        if not isinstance(files, StoredFolder):
            return None
        parts = self._parts
        return SettingsDesk(files, self, parts.current, parts.clock, parts.offload)

    def loop(self, files: Files, desk: SettingsDesk | None) -> Loop:
        """The watch over the configuration's files; they are read anew while nobody else changes settings."""

        async def swap(generation: Generation) -> None:
            self.follow(files.read_as, await self.swap(generation))

        parts = self._parts
        turn = desk.turn if desk is not None else None
        reloader = Reloader(parts.clock, parts.offload, files, swap, parts.metrics, turn)
        return Loop(name="settings", run=lambda _: reloader.run())

    async def kept(self) -> tuple[Document, ...]:
        """The documents in the store."""
        return await self._parts.store.read(lambda tx: documents(tx.settings.newest()))

    async def stands_against(self, generation: Generation) -> tuple[str, ...]:
        """What of the present work stands against these settings."""
        return await missed(self._parts, generation)

    def follow(self, read_as: bytes, changed: frozenset[tuple[str, str]]) -> None:
        """Let everybody go on by the settings in force."""
        self._following.changed(read_as, changed)

    async def swap(
        self, generation: Generation, keep: Callable[[Tx], None] = lambda _: None
    ) -> frozenset[tuple[str, str]]:
        """Put a generation in force as a whole, kept by `keep`; gives the gateways that are other than before.

        Raises ConfigurationError, TemporaryError with nothing changed and nothing kept.
        """
        parts = self._parts
        _refuse_for_running(parts.generation, generation)
        gateways = await parts.offload.run(LANE, build_gateways, generation, self._works, self._in_use.all)

        def unit(tx: Tx) -> None:
            problems = missed_in(tx, generation)
            if problems:
                raise ConfigurationError("\n".join(problems))
            keep(tx)
            parts.failpoint("settings_keeping")

        await parts.store.write(unit)
        parts.failpoint("settings_kept")
        # From here to the end nothing is waited for and nothing fails: nobody ever sees a part of it.
        before = self._in_use.all
        parts.in_force.swap(generation)
        changed = self._in_use.swap(gateways)
        parts.metrics.config_generation(generation.number)
        parts.failpoint("reload_swapped")
        for gone in before.sending.keys() - gateways.sending.keys():
            self._works.shown.board.forget(*gone)
        self._collectors.follow(self._supervisor, changed)
        return changed


async def missed(parts: Parts, generation: Generation) -> tuple[str, ...]:
    """What open sessions use and these settings do not name."""
    channels, agents = await parts.store.read(_used)
    return await parts.offload.run(LANE, removed_in_use, generation, channels, agents)


def missed_in(tx: Tx, generation: Generation) -> tuple[str, ...]:
    """The same, in the caller's transaction."""
    return removed_in_use(generation, *_used(tx))


def _refuse_for_running(now: Generation, wanted: Generation) -> None:
    """What cannot be changed while the service runs. Raises ConfigurationError."""
    names = ("store", "settings", "http", "ops", "drain_within")
    changed = [name for name in names if getattr(now.process, name) != getattr(wanted.process, name)]
    if changed:
        file = Path(now.folder, "postroom.yaml")
        raise ConfigurationError(f"{file}: {', '.join(changed)}: cannot change while the service runs: start it anew")


def _used(tx: Tx) -> tuple[list[tuple[str, str, str, int]], list[tuple[str, str, int]]]:
    return list(tx.sessions.channels_in_use()), list(tx.sessions.agents_in_use())
