"""The settings of tenants as versions: each a whole document, with who made it, when, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class SettingsChange(Struct, frozen=True, kw_only=True):
    """One thing that differs from the version before; `keys` are those of its keys that do."""

    path: str
    """A JSON pointer by names, like `/channels/support`."""
    what: str
    """`added`, `changed`, `removed` or `reordered`."""
    keys: tuple[str, ...] = ()


class SettingsVersion(Struct, frozen=True, kw_only=True):
    """A version of a tenant's settings; `content` is JSON, and no secret in it can be read."""

    tenant: str
    number: int
    at: datetime
    actor: str
    action: str
    changes: tuple[SettingsChange, ...]
    content: bytes = b""
    """Empty in lists."""


class SettingsVersions(Protocol):
    """Every version kept; the newest of a tenant is in force."""

    def add(self, version: SettingsVersion) -> None:
        """Keep it. Raises Conflict where there is one of that number."""
        ...

    def newest(self) -> Sequence[SettingsVersion]:
        """The newest of each tenant, by name."""
        ...

    def get(self, tenant: str, number: int) -> SettingsVersion | None:
        """That version, or None."""
        ...

    def before(self, tenant: str, number: int, most: int) -> Sequence[SettingsVersion]:
        """At most so many before that number, the newest first, without their content."""
        ...

    def trim(self, tenant: str, below: int) -> int:
        """Forget those below that number; gives how many."""
        ...
