"""Brings one read mail to its one outcome, in one transaction: filed, attached, or a customer served.

The questions are asked in a fixed order, each answer final: was it settled before, did we see these bytes before, is it
ours, which channel, a copy, which conversation, and is anybody served for it. Every answer leaves a line on the trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from postroom.engine import trace
from postroom.engine.bounces import close_loop
from postroom.engine.find_thread import find_thread
from postroom.engine.first_look import FirstLook
from postroom.engine.join import join
from postroom.engine.verdict import IntakeRules, Verdict
from postroom.mail.address_key import address_key
from postroom.mail.answering import answering
from postroom.mail.keywords import KeywordHit, is_new_subject
from postroom.mail.mail_class import MailClass, Service
from postroom.mail.message import Message
from postroom.mail.threads import ThreadMatch
from postroom.ports.records import Conversation, Receipt, StoredMail
from postroom.ports.step import Step
from postroom.ports.store import Tx
from postroom.ports.world import Clock, Failpoint, Ids
from postroom.routing.outcome import Outcome
from postroom.routing.routes import Action
from postroom.session.events import MessageAttached, MessageReceived
from postroom.session.state import ConversationId

COPY_WINDOW = timedelta(days=7)
"""Two deliveries of one mail, by an alias and by a list, come within days of each other."""
PREVIEW = 200
EXPECTED = 4
"""Of the mails that a mail refers to, how many are looked out for: the nearest."""


class Reading(Struct, frozen=True, kw_only=True):
    """One mail with all that is known of it before the store is asked."""

    rules: IntakeRules
    receipt: Receipt
    message: Message
    verdict: Verdict
    mail: str = ""
    """The id it was stored under before, where it was; else it gets one."""
    may_be_copy: bool = True
    """Whether any mail of its Message-ID came before."""


class Settler:
    """Decides by asking the store; one instance serves every gateway."""

    def __init__(self, step: Step, clock: Clock, ids: Ids, failpoint: Failpoint) -> None:
        self._step = step
        self._clock = clock
        self._ids = ids
        self._failpoint = failpoint

    def settle_all(self, tx: Tx, readings: Sequence[Reading]) -> list[Outcome]:
        """Give mails of one gateway their outcomes, in their order."""
        look = _look(tx, readings)
        return [self.settle(tx, reading, look) for reading in readings]

    def settle(self, tx: Tx, reading: Reading, look: FirstLook | None = None) -> Outcome:
        """Give the mail its outcome, or say the one it already has."""
        receipt, message = reading.receipt, reading.message
        look = look or _look(tx, [reading])
        before = look.outcome(receipt)
        if before is not None:
            return before
        again = self._seen_again(tx, receipt) if look.may_be_seen_again(receipt) else None
        outcome = again or self._first_time(tx, replace(reading, may_be_copy=look.may_be_copy(message)), look)
        look.settled(receipt, message, reading.verdict.keys)
        self._failpoint("route_commit_pre")
        return outcome

    def _seen_again(self, tx: Tx, receipt: Receipt) -> Outcome | None:
        """The outcome of a mail the server only renamed. One too large keeps its outcome: it has to stay there."""
        first = tx.ledger.settled_with(receipt.gateway, receipt.raw.sha256, receipt.id)
        # The bytes kept of a mail too large are its header: another mail may begin with the same.
        if first is None or (receipt.oversize and first.listed_size != receipt.listed_size):
            return None
        outcome = Outcome.OVERSIZE if receipt.oversize else Outcome.SEEN_AGAIN
        words = "the server listed these bytes before, under another name"
        tx.ledger.settle(receipt.id, outcome, words, first.mail if receipt.oversize else None)
        return outcome

    def _first_time(self, tx: Tx, reading: Reading, look: FirstLook) -> Outcome:
        match = reading.verdict.route
        if reading.receipt.oversize:
            return self._file(tx, reading, Outcome.OVERSIZE, trace.oversize(reading.receipt))
        if reading.verdict.classification.kind is MailClass.OWN:
            return self._file(tx, reading, Outcome.OWN, "our own mail came back")
        reported = self._reported(tx, reading)
        if reported is not None:
            return self._report(tx, reading, reported)
        if blocked_by := reading.verdict.blocked_by:
            return self._file(tx, reading, Outcome.BLOCKED, f"its sender is on the blocklist, by {blocked_by!r}")
        if match is None:
            return self._file(tx, reading, Outcome.UNROUTED, "no notification route matches")
        if match.route.action is Action.DISCARD:
            tx.ledger.settle(reading.receipt.id, Outcome.DISCARDED_BY_RULE, f"route {match.route.name}", None)
            return Outcome.DISCARDED_BY_RULE
        if match.route.action is Action.FILE:
            return self._file(tx, reading, Outcome.FILED_BY_RULE, f"route {match.route.name}")
        return self._for_channel(tx, reading, look)

    def _for_channel(self, tx: Tx, reading: Reading, look: FirstLook) -> Outcome:
        mail = self._mail(reading)
        first = self._first_copy(tx, mail) if reading.may_be_copy else None
        if first is not None:
            copy = replace(mail, outcome=Outcome.COPY, conversation=first.conversation)
            return self._keep(tx, reading, copy, f"a copy of mail {first.id}")
        thread = find_thread(tx, look, reading.receipt, reading.message, reading.verdict)
        mail = replace(mail, new_participant=thread.new_participant, trace=(*mail.trace, trace.thread(thread)))
        if mail.channel in reading.rules.retired and not _is_in_service(tx, thread):
            return self._file_retired(tx, reading, mail)
        if self._is_served(reading, thread):
            return self._serve(tx, reading, mail, thread)
        return self._attach(tx, reading, mail, thread)

    def _file_retired(self, tx: Tx, reading: Reading, mail: StoredMail) -> Outcome:
        words = f"channel {mail.channel} is retired"
        return self._keep(tx, reading, replace(mail, outcome=Outcome.UNROUTED, conversation=None), words)

    def _first_copy(self, tx: Tx, mail: StoredMail) -> StoredMail | None:
        """The mail that this one is another delivery of; a body that was not read is like no other."""
        first = tx.mails.copy_of(mail, mail.received_at - COPY_WINDOW) if mail.body_hash else None
        return first if first is not None and first.received_at <= mail.received_at + COPY_WINDOW else None

    def _reported(self, tx: Tx, reading: Reading) -> Conversation | None:
        """The conversation whose reply a delivery report is about, by our token in what it returns."""
        if reading.verdict.classification.kind is not MailClass.DSN:
            return None
        named = (tx.conversations.current(ConversationId(token.conversation)) for token in reading.verdict.keys.tokens)
        return next((one for one in named if one is not None and one.tenant == reading.receipt.tenant), None)

    def _report(self, tx: Tx, reading: Reading, about: Conversation) -> Outcome:
        """Lay the report to the reply it is about; no route has a say: bounces may have an address of their own."""
        thread = ThreadMatch(conversation=about.id, evidence="a delivery report about a mail of ours, by its token")
        mail = replace(self._mail(reading), channel=about.channel)
        return self._attach(tx, reading, replace(mail, trace=(*mail.trace, trace.thread(thread))), thread)

    def _is_served(self, reading: Reading, thread: ThreadMatch) -> bool:
        """Whether somebody is served for a mail of this class; a route about its class overrides that."""
        service = reading.verdict.classification.kind.service
        if service is Service.STARTS or self._is_overridden(reading):
            return True
        serves = reading.rules.automatic_mail.get(reading.verdict.channel, "serve") == "serve"
        return service is Service.BY_CHANNEL and serves and thread.conversation is None

    def _is_overridden(self, reading: Reading) -> bool:
        """A route about the mail's class has the last word, except on what are our own mails and reports."""
        match = reading.verdict.route
        return match is not None and match.overrides_class and reading.verdict.classification.kind is not MailClass.DSN

    def _serve(self, tx: Tx, reading: Reading, mail: StoredMail, thread: ThreadMatch) -> Outcome:
        """A customer's mail: its conversation, and an event for its session."""
        goes_on, joined = join(tx, self._step, thread)
        if joined:
            thread = replace(thread, conversation=goes_on)
            mail = replace(mail, trace=(*mail.trace, trace.joined(joined)))
        begun = None if thread.conversation is not None else self._begin(tx, reading, mail, thread)
        conversation = begun.id if begun is not None else self._go_on(tx, mail, thread)
        if not mail.new_participant:
            expected = reading.verdict.keys.message_ids[:EXPECTED]
            tx.conversations.expect(mail.tenant, expected, conversation, mail.gateway, mail.received_at)
        # The mail is kept first: what the session decides may be to answer it, from what the store has of it.
        outcome = self._keep(tx, reading, replace(mail, conversation=conversation), "")
        hit = self._keyword(tx, reading, mail, thread)
        event = _received(reading, mail, hit)
        if begun is not None:
            session, effects = self._step.in_new_conversation(tx, begun, event)
        else:
            session, effects = self._step.in_conversation(tx, conversation, event)
        tx.mails.add_trace(mail.id, (*trace.keyword(hit), trace.session(session), *trace.decided(effects)))
        return outcome

    def _keyword(self, tx: Tx, reading: Reading, mail: StoredMail, thread: ThreadMatch) -> KeywordHit | None:
        """The keyword of the mail; its subject is compared only where the two readings of it differ."""
        verdict = reading.verdict
        if verdict.keyword == verdict.keyword_of_text or self._has_new_subject(tx, mail, thread):
            return verdict.keyword
        return verdict.keyword_of_text

    def _has_new_subject(self, tx: Tx, mail: StoredMail, thread: ThreadMatch) -> bool:
        """Whether it begins a conversation, or speaks of something else than the one it continues."""
        known = tx.conversations.get(ConversationId(thread.conversation)) if thread.conversation else None
        return known is None or is_new_subject(mail.subject, known.subject)

    def _attach(self, tx: Tx, reading: Reading, mail: StoredMail, thread: ThreadMatch) -> Outcome:
        """Automatic mail: a note beside the conversation it belongs to, or filed alone."""
        is_report = reading.verdict.classification.kind is MailClass.DSN and thread.conversation is not None
        outcome = Outcome.DELIVERY_REPORT if is_report else Outcome.AUTOMATIC_FILED
        mail = replace(mail, trace=(*mail.trace, trace.not_answered(reading.verdict)))
        if thread.conversation is not None:
            conversation = ConversationId(thread.conversation)
            mail = replace(mail, conversation=conversation)
            if tx.sessions.latest(conversation) is not None:
                event = MessageAttached(mail=mail.id, mail_class=mail.mail_class)
                self._step.in_conversation(tx, conversation, event)
            if is_report and reading.message.report is not None:
                line = close_loop(tx, self._step, conversation, reading.message.report, self._clock.now())
                mail = replace(mail, trace=(*mail.trace, line))
        return self._keep(tx, reading, replace(mail, outcome=outcome), "")

    def _go_on(self, tx: Tx, mail: StoredMail, thread: ThreadMatch) -> ConversationId:
        """The conversation the mail continues."""
        known = ConversationId(thread.conversation or "")
        tx.conversations.touch(known, mail.received_at, () if thread.new_participant else _participants(mail))
        return known

    def _begin(self, tx: Tx, reading: Reading, mail: StoredMail, thread: ThreadMatch) -> Conversation:
        """A new conversation begun by the mail."""
        twin = tx.mails.twin_of(mail) if reading.may_be_copy and not thread.related else None
        conversation = Conversation(
            id=ConversationId(self._ids.new()),
            tenant=mail.tenant,
            channel=mail.channel,
            customer=mail.from_address,
            subject=mail.subject,
            created_at=self._clock.now(),
            last_mail_at=mail.received_at,
            related=ConversationId(thread.related[0]) if thread.related else twin,
            participants=_participants(mail),
        )
        tx.conversations.add(conversation)
        return conversation

    def _file(self, tx: Tx, reading: Reading, outcome: Outcome, words: str) -> Outcome:
        return self._keep(tx, reading, replace(self._mail(reading), outcome=outcome), words)

    def _keep(self, tx: Tx, reading: Reading, mail: StoredMail, words: str) -> Outcome:
        """Write the mail and close its receipt; from here its Message-ID leads to its conversation."""
        if words:
            mail = replace(mail, trace=(*mail.trace, trace.ended(mail.outcome, words)))
        tx.mails.add(mail)
        if mail.conversation is not None and mail.message_id is not None:
            tx.conversations.name(mail.tenant, mail.message_id, mail.conversation, mail.gateway, mail.received_at)
        tx.ledger.settle(reading.receipt.id, mail.outcome, words, mail.id)
        return mail.outcome

    def _mail(self, reading: Reading) -> StoredMail:
        message, verdict, receipt = reading.message, reading.verdict, reading.receipt
        author = verdict.classification.customer or message.author
        return StoredMail(
            id=reading.mail or self._ids.new(),
            tenant=receipt.tenant,
            gateway=receipt.gateway,
            channel=verdict.channel,
            conversation=None,
            incoming=True,
            sha256=receipt.raw.sha256,
            size=receipt.listed_size if receipt.oversize else receipt.raw.size,
            received_at=verdict.received_at,
            message_id=message.message_id,
            from_address=author.addr if author else "",
            from_name=author.name if author else "",
            subject=message.subject,
            mail_class=verdict.classification.kind.value,
            body_hash="" if receipt.oversize else message.body_hash,
            attachments=len(message.attachments),
            outcome=Outcome.CONVERSATION,
            preview=" ".join(message.text[: 2 * PREVIEW].split())[:PREVIEW],
            answering=answering(message, verdict.classification, reading.rules.identity, verdict.language),
            trace=(trace.read(message), trace.classified(verdict.classification), trace.routed(verdict.route)),
        )


def _look(tx: Tx, readings: Sequence[Reading]) -> FirstLook:
    """What the store knows of these mails of one gateway."""
    tenant = readings[0].receipt.tenant if readings else ""
    return FirstLook(tx, tenant, [(one.receipt, one.message, one.verdict.keys) for one in readings])


def _received(reading: Reading, mail: StoredMail, hit: KeywordHit | None) -> MessageReceived:
    """What the session is told of a customer's mail."""
    match = reading.verdict.route
    return MessageReceived(
        mail=mail.id,
        received_at=mail.received_at,
        queue=match.route.queue if match else None,
        priority=match.route.priority if match else None,
        keyword=hit.keyword if hit else "",
        labels=match.route.labels if match else (),
    )


def _is_in_service(tx: Tx, thread: ThreadMatch) -> bool:
    """Whether the mail continues a conversation with an open session."""
    latest = tx.sessions.latest(ConversationId(thread.conversation)) if thread.conversation else None
    return latest is not None and latest.is_open


def _participants(mail: StoredMail) -> tuple[str, ...]:
    """Who wrote it; nobody for a mail without one author, or any two such mails would be of the same hand."""
    return (address_key(mail.from_address),) if mail.from_address else ()
