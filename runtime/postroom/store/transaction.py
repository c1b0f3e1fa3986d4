"""One transaction as units see it: the repositories over one connection, and the topics to wake."""

from __future__ import annotations

from postroom.ports.audit import Audit
from postroom.ports.automatic import AutomaticReplies
from postroom.ports.broker import BrokerStore
from postroom.ports.exports import Exports
from postroom.ports.people import People
from postroom.ports.records import Counts
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
from postroom.ports.store import Topic
from postroom.ports.uploads import Uploads
from postroom.store.agents import SqlAgents
from postroom.store.audit import SqlAudit
from postroom.store.automatic import SqlAutomaticReplies
from postroom.store.broker import SqlBroker
from postroom.store.connection import Connection
from postroom.store.conversations import SqlConversations
from postroom.store.counts import counts
from postroom.store.drafts import SqlDrafts
from postroom.store.exports import SqlExports
from postroom.store.idempotency import SqlIdempotency
from postroom.store.journal import SqlJournal
from postroom.store.ledger import SqlLedger
from postroom.store.mails import SqlMails
from postroom.store.outbox import SqlOutbox
from postroom.store.people import SqlPeople
from postroom.store.replies import SqlReplies
from postroom.store.search import SqlSearch
from postroom.store.sent import SqlSentMails
from postroom.store.sessions import SqlSessions
from postroom.store.settings_versions import SqlSettingsVersions
from postroom.store.statistics import SqlStatistics
from postroom.store.timers import SqlTimers
from postroom.store.undeliverable import SqlUndeliverable
from postroom.store.uploads import SqlUploads


class SqlTx:
    """ports.store.Tx; made once a connection, for it holds nothing of a unit but the topics it woke."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._woken: set[Topic] = set()
        self.ledger: Ledger = SqlLedger(db)
        self.mails: Mails = SqlMails(db)
        self.conversations: Conversations = SqlConversations(db)
        self.sessions: Sessions = SqlSessions(db)
        self.journal: Journal = SqlJournal(db)
        self.outbox: Outbox = SqlOutbox(db)
        self.timers: Timers = SqlTimers(db)
        self.agents: Agents = SqlAgents(db)
        self.replies: Replies = SqlReplies(db)
        self.automatic: AutomaticReplies = SqlAutomaticReplies(db)
        self.sent: SentMails = SqlSentMails(db)
        self.drafts: Drafts = SqlDrafts(db)
        self.idempotency: Idempotency = SqlIdempotency(db)
        self.undeliverable: Undeliverable = SqlUndeliverable(db)
        self.broker: BrokerStore = SqlBroker(db)
        self.settings: SettingsVersions = SqlSettingsVersions(db)
        self.exports: Exports = SqlExports(db)
        self.people: People = SqlPeople(db)
        self.audit: Audit = SqlAudit(db)
        self.search: Search = SqlSearch(db)
        self.statistics: Statistics = SqlStatistics(db)
        self.uploads: Uploads = SqlUploads(db)

    def wake(self, topic: Topic) -> None:
        """Wake who waits for the topic, after the commit and only then."""
        self._woken.add(topic)

    def counts(self) -> Counts:
        """What the gauges show."""
        return counts(self._db, self.sessions.waiting_queues())

    def take_woken(self) -> set[Topic]:
        """The topics woken since the last call."""
        woken, self._woken = self._woken, set()
        return woken
