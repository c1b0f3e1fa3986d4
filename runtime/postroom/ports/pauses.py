"""What can be held back, and who holds it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Protocol

from msgspec import Struct

EVERYBODY = ""
"""Stands for every tenant."""


class Paused(Enum):
    """What can be held back."""

    AUTOMATIC = "automatic"
    """Automatic replies and robots."""
    SENDING = "sending"
    """All mail on its way out; what agents write waits."""
    INTAKE = "intake"
    """Collecting mail; it waits on its server."""


class Pause(Struct, frozen=True, kw_only=True):
    """Something that is held back; without a beginning it is the tenant's settings that hold it."""

    what: Paused
    tenant: str
    since: datetime | None = None

    @property
    def by(self) -> str:
        """Who holds it: `operator` or `settings`."""
        return "settings" if self.since is None else "operator"


class Pauses(Protocol):
    """Holds back and lets go; there is one implementation, engine/pauses.py."""

    def is_paused(self, what: Paused, tenant: str) -> bool:
        """Whether it is held back for the tenant."""
        ...

    def all(self) -> tuple[Pause, ...]:
        """Everything that is held back."""
        ...

    async def pause(self, what: Paused, tenant: str) -> None:
        """Hold it back. Raises TemporaryError, nothing held back."""
        ...

    async def resume(self, what: Paused, tenant: str) -> None:
        """Let it go on. Raises TemporaryError, PermanentError, it is held back as before."""
        ...
