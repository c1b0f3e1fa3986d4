"""What doors ask of who takes changes to settings: what is wanted, who wants it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from postroom.ports.settings_versions import SettingsVersion
from postroom.ports.store import Tx
from postroom.settings.problem import Problem
from postroom.settings.schema import Generation
from postroom.settings.stored_folder import Proposal, StoredFolder


class By(Struct, frozen=True, kw_only=True):
    """Who changes settings, and by what."""

    actor: str
    action: str


class Taken(Struct, frozen=True, kw_only=True):
    """A change that was taken, or would be; `versions` are those of the tenants that changed."""

    generation: Generation
    versions: tuple[SettingsVersion, ...]
    warnings: tuple[Problem, ...]


Propose = Callable[[StoredFolder, Generation], Proposal]
"""Says what is wanted instead of what is in force; what it raises is its caller's. Blocking."""
Also = Callable[[Tx, Taken], None]
"""What is committed with the change."""


class Taking(Protocol):
    """Takes changes to the settings of tenants that are set in the store."""

    def version(self, tenant: str) -> int:
        """The number of the version in force; 0 where there is none."""
        ...

    async def take(self, propose: Propose, by: By, *, dry_run: bool = False, also: Also | None = None) -> Taken:
        """Take the change, or only say whether it would be taken.

        Raises SettingsNotValid with every broken rule; ConfigurationError, TemporaryError where the present work or
        the store stands against it.
        """
        ...
