"""What a transaction can read and write of mail, a repository a subject. All of it is blocking, on a store thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from postroom.ports.records import (
    Aged,
    Attempt,
    Conversation,
    OutboxRow,
    RawRef,
    Receipt,
    Reply,
    ReplyRecipient,
    ReplyState,
    StoredAnswer,
    StoredMail,
    ThreadHit,
    TraceLine,
)
from postroom.routing.outcome import Outcome
from postroom.session.state import ConversationId


class Ledger(Protocol):
    """Every mail that ever came from a gateway, once for each (gateway, uid, sha256)."""

    def receive(self, receipt: Receipt) -> tuple[Receipt, bool]:
        """Record an arrival and count one reading attempt; gives the row in force and whether it is new.

        A row already there keeps its id, outcome and first-seen time; attempts grow only while it has no outcome.
        """
        ...

    def settle(self, receipt: str, outcome: Outcome, reason: str, mail: str | None) -> bool:
        """Give the receipt its one outcome; False when it already has one (nothing changes then)."""
        ...

    def known(self, gateway: str, uids: Sequence[str]) -> dict[str, tuple[Receipt, ...]]:
        """The rows of these UIDLs, any bytes; uids without rows are absent."""
        ...

    def settled_with(self, gateway: str, sha256: str, but: str) -> Receipt | None:
        """Another settled receipt of the same bytes in this gateway (the server renamed its mails), or None.

        A mail kept whole and one of which only the header was kept (`oversize`) are never the same.
        """
        ...

    def unsettled(self, limit: int) -> Sequence[Receipt]:
        """Receipts whose reading never finished, oldest first."""
        ...

    def count_attempt(self, receipt: str) -> None:
        """Count one more reading attempt of an unsettled receipt."""
        ...

    def get(self, receipt: str) -> Receipt | None:
        """One receipt."""
        ...

    def outcome(self, receipt: str) -> Outcome | None:
        """The outcome it has by now; None where it has none, or there is no such receipt."""
        ...

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """The outcomes of those that have one."""
        ...

    def settled_bytes(self, hashes: Sequence[str]) -> set[str]:
        """Those of these bytes, by SHA-256, of which any receipt of any gateway has an outcome."""
        ...

    def by_outcome(self, tenant: str, outcome: Outcome, limit: int) -> Sequence[Receipt]:
        """The newest receipts that ended so."""
        ...

    def aged(self, gateway: str, after: Aged | None, seen_before: datetime, limit: int) -> Sequence[Aged]:
        """The gateway's settled receipts first seen by then, in an order of their own, from behind one of them.

        Those that a person has to look at are left out.
        """
        ...

    def missed(self, receipts: Sequence[str], at: datetime) -> None:
        """These were not listed; since when is kept where it is known."""
        ...

    def listed_again(self, receipts: Sequence[str]) -> None:
        """These are listed."""
        ...

    def forget(self, receipt: str, missed_before: datetime) -> bool:
        """Drop a receipt that is missing since then, unless one of the same bytes in its gateway is not; whether so."""
        ...

    def reopen(self, receipt: str, ended: Outcome = Outcome.QUARANTINED) -> bool:
        """Take the outcome of a receipt that ended so back, and set its attempts to 0; False where it did not."""
        ...


class Mails(Protocol):
    """The mails themselves, raw and as read."""

    def keep_raw(self, raw: RawRef) -> None:
        """Name these bytes in the store; the same bytes twice are kept once."""
        ...

    def raw(self, sha256: str) -> RawRef | None:
        """Where the bytes are."""
        ...

    def add(self, mail: StoredMail) -> None:
        """Store what was read of a mail."""
        ...

    def get(self, mail: str) -> StoredMail | None:
        """One mail."""
        ...

    def take_back(self, mail: str) -> None:
        """Forget what was read of an unrouted mail, to store it anew; any other stays."""
        ...

    def add_trace(self, mail: str, lines: Sequence[TraceLine]) -> None:
        """Write further verdicts behind those on the mail's trace; nothing happens where there is no such mail."""
        ...

    def arrived(self, message_ids: Sequence[str]) -> set[str]:
        """Those of these Message-IDs that any incoming mail of any tenant has."""
        ...

    def newest_served(self, conversation: ConversationId) -> StoredMail | None:
        """The conversation's newest mail of the customer's, which an answer would answer."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[StoredMail]:
        """The conversation's mails, oldest first."""
        ...

    def latest(self, tenant: str, limit: int) -> Sequence[StoredMail]:
        """The newest incoming mails of the tenant, newest first."""
        ...

    def twin_of(self, mail: StoredMail) -> ConversationId | None:
        """The conversation that the same mail (Message-ID, author, body) has on another channel."""
        ...

    def copy_of(self, mail: StoredMail, since: datetime) -> StoredMail | None:
        """An earlier incoming mail of this channel since then with the same Message-ID, author and body (P3)."""
        ...


class Conversations(Protocol):
    """Threads with customers, and the Message-IDs that lead to them."""

    def add(self, conversation: Conversation) -> None:
        """Store a new conversation."""
        ...

    def get(self, conversation: ConversationId) -> Conversation | None:
        """One conversation."""
        ...

    def current(self, conversation: ConversationId) -> Conversation | None:
        """Where that conversation goes on: itself, or the one it was laid into."""
        ...

    def merge(self, conversation: ConversationId, into: ConversationId) -> None:
        """Lay it into another, which was laid into none, with its mails, replies and drafts; sessions stay as they are.

        Message-IDs that led to it lead to the other from now on.
        """
        ...

    def move_mail(self, mail: StoredMail, into: ConversationId) -> None:
        """Put one mail into another conversation, and let its Message-ID lead there instead."""
        ...

    def touch(self, conversation: ConversationId, at: datetime, participants: Sequence[str]) -> None:
        """Note a mail of that time, and add participants."""
        ...

    def name(self, tenant: str, message_id: str, conversation: ConversationId, gateway: str, at: datetime) -> None:
        """Let this Message-ID lead to the conversation; an id may lead to several, of different gateways."""
        ...

    def expect(
        self, tenant: str, message_ids: Sequence[str], conversation: ConversationId, gateway: str, at: datetime
    ) -> None:
        """Let ids that a mail of the conversation refers to lead to it, as expected ones until their mails come."""
        ...

    def named(self, tenant: str, message_ids: Sequence[str]) -> set[str]:
        """Those of these Message-IDs that lead to any conversation."""
        ...

    def find(self, tenant: str, message_ids: Sequence[str]) -> Sequence[ThreadHit]:
        """The conversations these Message-IDs lead to, none of them laid into another."""
        ...


class Outbox(Protocol):
    """Effects on their way out."""

    def add(self, row: OutboxRow) -> None:
        """Put an effect in."""
        ...

    def lease(
        self, token: str, now: datetime, until: datetime, limit: int, held: Collection[str] = ()
    ) -> Sequence[OutboxRow]:
        """Take due rows nobody works on; a conversation's rows come one at a time, oldest first.

        Replies of the tenants that are `held` stay where they are, all of them where EVERYBODY is.
        """
        ...

    def holds(self, row: str, token: str, now: datetime) -> bool:
        """Whether that lease is still in force."""
        ...

    def withdraw(self, row: str) -> bool:
        """Close the row of a reply that was never tried and that nobody works on; False where it is neither."""
        ...

    def done(self, row: str) -> None:
        """Close a row that was carried out."""
        ...

    def fail(self, row: str, words: str) -> None:
        """Close a row that never will be."""
        ...

    def again(self, row: str, due_at: datetime, words: str) -> None:
        """Give a row back for later and count the attempt."""
        ...

    def postpone(self, row: str, due_at: datetime, words: str, turn_at: datetime | None = None) -> None:
        """Give a row back for later, untried; `turn_at` is the turn it was given at its gateway's pace."""
        ...

    def release(self, token: str) -> None:
        """Give back every row of that lease untouched."""
        ...

    def reclaim(self) -> int:
        """Give back every leased row: at the start of the only node, whoever held them is dead. Gives how many."""
        ...

    def next_due(self, held: Collection[str] = ()) -> datetime | None:
        """When the earliest row without a lease is due, but for replies that are held."""
        ...


class Replies(Protocol):
    """Rendered replies, their recipients and their attempts."""

    def add(self, reply: Reply) -> None:
        """Store a rendered reply with its recipients; its bytes must be named by `Mails.keep_raw` before."""
        ...

    def get(self, reply: str) -> Reply | None:
        """One reply with its recipients as they stand."""
        ...

    def recipients(self, reply: str) -> tuple[ReplyRecipient, ...]:
        """A reply's recipients as they stand, in their order; none where there is no such reply."""
        ...

    def of_conversation(self, conversation: ConversationId) -> Sequence[Reply]:
        """The conversation's replies, oldest first."""
        ...

    def last_to_customer(self, tenant: str, channel: str, customer: str) -> tuple[str, datetime] | None:
        """The agent who last replied to that customer on the channel, and when; None where nobody did."""
        ...

    def set_state(self, reply: str, state: ReplyState) -> None:
        """Write how far the whole reply is."""
        ...

    def set_recipients(self, reply: str, recipients: Sequence[ReplyRecipient]) -> None:
        """Write how it stands with these recipients."""
        ...

    def start_attempt(self, attempt: Attempt) -> None:
        """Record a try before it begins."""
        ...

    def end_attempt(self, attempt: str, at: datetime, words: str, *, unknown: bool) -> None:
        """Record how a try ended."""
        ...

    def attempts(self, reply: str) -> Sequence[Attempt]:
        """The tries so far, oldest first."""
        ...

    def gateways_of_late(self, tenant: str) -> Sequence[str]:
        """The gateways of what agents wrote that is not out and of which they were not told so."""
        ...

    def late(self, tenant: str, gateway: str, before: datetime, limit: int) -> Sequence[str]:
        """Replies of agents accepted by then that are not out, whose writers were not told so; oldest first."""
        ...

    def tell_late(self, reply: str) -> bool:
        """Note that its writer is told that it is late; False where he was told before."""
        ...


class SentMails(Protocol):
    """How many mails left by each sending gateway on a tenant's day, and when the next may leave."""

    def count(self, tenant: str, gateway: str, day: str) -> None:
        """One more leaves on that day."""
        ...

    def take_back(self, tenant: str, gateway: str, day: str) -> None:
        """One that was counted on that day did not leave."""
        ...

    def by_gateway(self, tenant: str, day: str) -> Mapping[str, int]:
        """How many left on that day by each gateway; one by which none did is absent."""
        ...

    def turn(self, tenant: str, gateway: str) -> datetime | None:
        """The first turn that nobody was given yet; None where there never was one."""
        ...

    def give_turns_until(self, tenant: str, gateway: str, next_at: datetime) -> None:
        """Every turn before that time is given."""
        ...

    def forget_days_before(self, tenant: str, day: str) -> int:
        """Drop the tenant's counts of days before that one; gives how many."""
        ...


class Undeliverable(Protocol):
    """Addresses whose servers said that there is no such mailbox, each for a while."""

    def add(self, tenant: str, address: str, now: datetime, until: datetime) -> None:
        """Remember that the address cannot be written to until then."""
        ...

    def has(self, tenant: str, address: str, now: datetime) -> bool:
        """Whether the address cannot be written to now; letter case counts for nothing."""
        ...

    def forget(self, now: datetime) -> int:
        """Forget the addresses that can be written to again; gives how many."""
        ...


class Idempotency(Protocol):
    """Answers given to requests that carry an Idempotency-Key."""

    def get(self, tenant: str, actor: str, key: str) -> StoredAnswer | None:
        """The answer given before, if any."""
        ...

    def put(self, tenant: str, actor: str, key: str, answer: StoredAnswer) -> None:
        """Keep an answer for that key."""
        ...

    def forget_before(self, when: datetime) -> int:
        """Drop answers older than that; gives how many."""
        ...
