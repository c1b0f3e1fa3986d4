"""What more than one room's loops are built from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from postroom.engine.feeds import Feeds
from postroom.engine.pauses import Pauses
from postroom.engine.readers import Readers
from postroom.engine.step import SessionStep
from postroom.engine.uploads import Uploading
from postroom.engine.world import SystemClock, SystemIds, ThreadOffload
from postroom.gateways.build import Builder
from postroom.mail.tokens import KeyRing
from postroom.observability.metrics import Metrics
from postroom.ports.kept import Keeper
from postroom.ports.world import Failpoint
from postroom.settings.schema import Box, Generation, SmtpGateway, Tenant
from postroom.store.blobs import FileBlobs
from postroom.store.sqlite import SqliteStore
from postroom.wiring.in_force import InForce

G = TypeVar("G", Box, SmtpGateway)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What more than one loop is built from."""

    in_force: InForce
    clock: SystemClock
    ids: SystemIds
    failpoint: Failpoint
    metrics: Metrics
    offload: ThreadOffload
    store: SqliteStore
    blobs: FileBlobs
    uploads: Uploading
    readers: Readers
    ring: KeyRing
    step: SessionStep
    builder: Builder
    keeper: Keeper
    feeds: Feeds
    pauses: Pauses

    @property
    def folder(self) -> Path:
        """The configuration's folder."""
        return Path(self.generation.folder)

    @property
    def store_folder(self) -> Path:
        """Where the store and the mails lie."""
        return Path(self.generation.folder, self.generation.process.store.folder)

    @property
    def generation(self) -> Generation:
        """The settings in force."""
        return self.in_force.generation

    def current(self) -> Generation:
        """The settings in force, for who asks by a call."""
        return self.in_force.generation


def gateways(generation: Generation, kind: type[G]) -> Iterator[tuple[Tenant, G]]:
    """Every gateway of that kind with its tenant."""
    for tenant in generation.tenants:
        for gateway in tenant.gateways:
            if isinstance(gateway, kind):
                yield tenant, gateway
