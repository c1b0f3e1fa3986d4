"""Exports as tasks: what is wanted, how far it is, and when its file goes away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from msgspec import Struct


class ExportStatus(Enum):
    """How a task is."""

    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"


class ExportTask(Struct, frozen=True, kw_only=True):
    """One export: `done` of `total` records; `words` say why it failed. Times are aware."""

    id: str
    tenant: str
    actor: str
    what: str
    """`channels` or `sessions`."""
    form: str
    """`csv` or `jsonl`."""
    names: tuple[str, ...]
    """The channels selected; all where there is none."""
    since: datetime | None = None
    until: datetime | None = None
    """Of sessions: when they were opened, from the one and before the other; None is no bound."""
    created_at: datetime
    expires_at: datetime
    status: ExportStatus = ExportStatus.RUNNING
    total: int = 0
    done: int = 0
    words: str = ""


class Exports(Protocol):
    """The tasks that are kept."""

    def save(self, task: ExportTask) -> None:
        """Keep it, or how it is by now."""
        ...

    def get(self, task: str) -> ExportTask | None:
        """That task, or None."""
        ...

    def of_tenant(self, tenant: str, most: int) -> Sequence[ExportTask]:
        """The newest of a tenant."""
        ...

    def running(self) -> Sequence[ExportTask]:
        """Those that are not done, the oldest first."""
        ...

    def expired(self, now: datetime) -> Sequence[ExportTask]:
        """Those whose time is over."""
        ...

    def drop(self, task: str) -> None:
        """Forget it."""
        ...
