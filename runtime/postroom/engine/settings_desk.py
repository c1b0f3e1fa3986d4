"""Takes changes to settings: judges each as files are judged, keeps it as a version, and puts it in force, as one.

One change at a time, and never while files are read anew. What is refused leaves everything as it was; what was kept is
in force, also after a kill between the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from postroom.errors import ConfigurationError, TemporaryError
from postroom.ports.settings_versions import SettingsVersion
from postroom.ports.store import Tx
from postroom.ports.world import Clock, Offload
from postroom.settings.differences import differences
from postroom.settings.refusals import SettingsNotValid
from postroom.settings.schema import Generation
from postroom.settings.stored import Document
from postroom.settings.stored_folder import Candidate, StoredFolder
from postroom.settings.taking import Also, By, Propose, Taken

log = structlog.get_logger(__name__)

LANE = "settings"
MOST_VERSIONS = 1_000
"""Versions of a tenant that are kept; older ones are forgotten."""

Keep = Callable[[Tx], None]
Gateways = frozenset[tuple[str, str]]


class Force(Protocol):
    """Puts generations in force."""

    async def kept(self) -> tuple[Document, ...]:
        """The documents in the store."""
        ...

    async def stands_against(self, generation: Generation) -> tuple[str, ...]:
        """What of the present work stands against it."""
        ...

    async def swap(self, generation: Generation, keep: Keep) -> Gateways:
        """Keep and swap it as one; gives the gateways that are other. Raises ConfigurationError, TemporaryError."""
        ...

    def follow(self, read_as: bytes, changed: Gateways) -> None:
        """Do what is to be done once other settings are in force."""
        ...


class SettingsDesk:
    """settings.taking.Taking, over the documents of one folder."""

    def __init__(
        self, folder: StoredFolder, force: Force, current: Callable[[], Generation], clock: Clock, offload: Offload
    ) -> None:
        self.turn = asyncio.Lock()
        """Held while settings change, whoever changes them."""
        self._folder = folder
        self._force = force
        self._current = current
        self._clock = clock
        self._offload = offload

    def version(self, tenant: str) -> int:
        """The number of the version in force; 0 where there is none."""
        return self._folder.document(tenant).version

    async def take(self, propose: Propose, by: By, *, dry_run: bool = False, also: Also | None = None) -> Taken:
        """Take the change, or only say whether it would be taken.

        Raises SettingsNotValid with every broken rule; ConfigurationError, TemporaryError where the present work or
        the store stands against it.
        """
        async with self.turn:
            await self._catch_up()
            candidate = await self._offload.run(LANE, self._judged, propose)
            taken = self._taken(candidate, by)
            if dry_run:
                await self._refuse_for_work(taken.generation)
                return taken
            changed = await self._force.swap(taken.generation, lambda tx: self._keep(tx, taken, also))
            await self._offload.run(LANE, self._folder.took, candidate)
            self._force.follow(self._folder.read_as, changed)
        for one in taken.versions:
            log.info("settings_changed", tenant=one.tenant, version=one.number, by=one.actor, action=one.action)
        return taken

    async def _catch_up(self) -> None:
        """Put in force what was kept without our hearing of it: of a commit that seemed to fail, the store knows."""
        if not self._folder.adopt(await self._force.kept()):
            return
        loaded = await self._offload.run(LANE, self._folder.load, 0)
        if loaded is None:
            raise TemporaryError("a file of the settings is changing right now")
        changed = await self._force.swap(loaded.require(), lambda _: None)
        self._force.follow(self._folder.read_as, changed)

    def _judged(self, propose: Propose) -> Candidate:
        proposal = propose(self._folder, self._current())
        candidate = self._folder.candidate(proposal)
        if candidate.loaded.generation is None:
            raise SettingsNotValid(candidate.loaded.problems, proposal.path)
        return candidate

    async def _refuse_for_work(self, generation: Generation) -> None:
        problems = await self._force.stands_against(generation)
        if problems:
            raise ConfigurationError("\n".join(problems))

    def _taken(self, candidate: Candidate, by: By) -> Taken:
        now = self._clock.now()
        versions = tuple(self._version(one, by, now) for one in candidate.documents)
        loaded = candidate.loaded
        return Taken(generation=loaded.require(), versions=versions, warnings=loaded.warnings)

    def _version(self, document: Document, by: By, now: datetime) -> SettingsVersion:
        before = self._folder.document(document.tenant)
        return SettingsVersion(
            tenant=document.tenant,
            number=document.version,
            at=now,
            actor=by.actor,
            action=by.action,
            changes=differences(before.content, document.content),
            content=msgspec.json.encode(document.content),
        )

    def _keep(self, tx: Tx, taken: Taken, also: Also | None) -> None:
        for one in taken.versions:
            tx.settings.add(one)
            tx.settings.trim(one.tenant, one.number - MOST_VERSIONS + 1)
        if also is not None:
            also(tx, taken)
