"""The store as the runtime uses it: units of work over repositories, and blobs for large raw mails.

A unit is a plain function of a transaction; it runs on a store thread and may share its commit with others,
a savepoint each. It does nothing but read and write the store, so that it may be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import IO, Protocol, TypeVar

from postroom.ports.audit import Audit
from postroom.ports.automatic import AutomaticReplies
from postroom.ports.broker import BrokerStore
from postroom.ports.exports import Exports
from postroom.ports.gateways import Spool, Spooler
from postroom.ports.people import People
from postroom.ports.records import Counts, RawRef
from postroom.ports.repositories import (
    Conversations,
    Idempotency,
    Ledger,
    Mails,
    Outbox,
    Replies,
    SentMails,
    Undeliverable,
)
from postroom.ports.search import Search
from postroom.ports.service import Agents, Drafts, Journal, Sessions, Timers
from postroom.ports.settings_versions import SettingsVersions
from postroom.ports.statistics import Statistics
from postroom.ports.uploads import Uploads
from postroom.session.effects import AnyEffect
from postroom.session.state import Session

T = TypeVar("T")


class Topic(Enum):
    """What a commit may have changed; loops that sleep on it wake."""

    QUEUES = "queues"
    OUTBOX = "outbox"
    TIMERS = "timers"
    JOURNAL = "journal"
    EXPORTS = "exports"
    HOURS = "hours"
    """The clock was set, or the settings changed: what depends on the hour is looked at anew."""


class Tx(Protocol):
    """One transaction: its repositories, and the topics it wakes once committed."""

    ledger: Ledger
    mails: Mails
    conversations: Conversations
    sessions: Sessions
    journal: Journal
    outbox: Outbox
    timers: Timers
    agents: Agents
    replies: Replies
    automatic: AutomaticReplies
    sent: SentMails
    drafts: Drafts
    idempotency: Idempotency
    undeliverable: Undeliverable
    broker: BrokerStore
    settings: SettingsVersions
    exports: Exports
    people: People
    audit: Audit
    search: Search
    statistics: Statistics
    uploads: Uploads

    def wake(self, topic: Topic) -> None:
        """Wake who waits for the topic, after the commit and only then."""
        ...

    def counts(self) -> Counts:
        """What the gauges show."""
        ...


class Bell(Protocol):
    """Rings when a topic changed."""

    async def wait(self, at_most: float | None = None) -> bool:
        """Wait for a ring since the last wait, no longer than `at_most` seconds; True when it rang."""
        ...

    def close(self) -> None:
        """Listen no more."""
        ...


class Store(Protocol):
    """Runs units of work."""

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Run the unit and give its result once it is durably committed; raise what it raised, with nothing written."""
        ...

    async def read(self, unit: Callable[[Tx], T]) -> T:
        """Run a unit that only reads, without waiting for the writer."""
        ...

    def bell(self, topic: Topic) -> Bell:
        """A bell for the topic."""
        ...


class Blobs(Spooler, Protocol):
    """The bytes of mails too large for a row, and the spools that become them."""

    def finish(self, spool: Spool) -> RawRef:
        """Close a spool and say what it holds; a large one is not yet under its name."""
        ...

    def settle(self, spools: Sequence[Spool]) -> None:
        """Make finished spools durable under their names: fsync each, rename, fsync the folder. Blocking."""
        ...

    def put(self, raw: bytes) -> RawRef:
        """Store bytes durably in one go. Blocking."""
        ...

    def read(self, ref: RawRef) -> bytes:
        """All bytes. Blocking. Raises PermanentError where they are gone or are not what the name says."""
        ...

    def open_whole(self, ref: RawRef) -> IO[bytes]:
        """All bytes as a file of the system, for a process that reads them by itself. Blocking. Raises as `read`."""
        ...

    def read_fresh(self, ref: RawRef) -> bytes:
        """All bytes, of a mail whose hash was taken while this very process wrote it. Blocking. Raises as `read`."""
        ...


Decided = tuple[Session, tuple[AnyEffect, ...]]
