"""Takes an agent's reply in: checks it against the channel's caps, renders it once, and brings it to its session.

What is rendered here is what every recipient gets, byte for byte, in every attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.reply_rows import keep, mail_of
from postroom.mail import compose as mail_out
from postroom.mail.address_key import address_key
from postroom.mail.compose import File, answered_id, compose, reference_chain, reply_subject
from postroom.mail.message import Address, Message
from postroom.mail.recipients import Caps, Recipients, check, deduplicated, propose_reply
from postroom.mail.tokens import KeyRing, anchor_message_id, mint_message_id
from postroom.ports.desk import (
    FirstRequest,
    Letter,
    MailReader,
    PreparedFirst,
    PreparedReply,
    Refused,
    ReplyRequest,
    Stale,
)
from postroom.ports.records import Conversation, Reply, ReplyRecipient, StoredMail, TraceLine
from postroom.ports.step import Step
from postroom.ports.store import Blobs, Store, Tx
from postroom.ports.world import Clock, Failpoint, Ids, Offload
from postroom.routing.outcome import Outcome
from postroom.session.effects import Ignore
from postroom.session.events import AgentWroteFirst, ReplySubmitted
from postroom.session.state import ConversationId, SessionId


class SendingRules(Struct, frozen=True, kw_only=True):
    """One generation's settings of a channel's way out."""

    gateway: str
    from_: Address
    envelope_from: str
    domain: str
    """The domain of our Message-IDs."""
    caps: Caps
    own_addresses: frozenset[str]
    max_size: int
    ring: KeyRing


class Situation(Struct, frozen=True, kw_only=True):
    """What a reply answers."""

    session: SessionId
    """Empty where the mail begins a conversation: its session is not there yet."""
    conversation: Conversation
    mails: tuple[StoredMail, ...]

    @property
    def answered(self) -> StoredMail | None:
        """The newest mail of the customer's, which the reply answers."""
        served = (mail for mail in reversed(self.mails) if mail.incoming and mail.outcome is Outcome.CONVERSATION)
        return next(served, None)

    @property
    def subject(self) -> str:
        """The subject of what is answered, else the conversation's."""
        return self.answered.subject if self.answered else self.conversation.subject


class Outgoing(Struct, frozen=True, kw_only=True):
    """A reply before it is bytes: the id it is stored under, its final recipients, and the mail itself."""

    id: str
    recipients: Recipients
    reply: mail_out.Reply


class Desk:
    """The one implementation of ports.desk.ReplyDesk."""

    def __init__(  # noqa: PLR0913, PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        step: Step,
        reader: MailReader,
        blobs: Blobs,
        offload: Offload,
        clock: Clock,
        ids: Ids,
        rules: Callable[[str, str], SendingRules],
        failpoint: Failpoint,
    ) -> None:
        self._store = store
        self._step = step
        self._reader = reader
        self._blobs = blobs
        self._offload = offload
        self._clock = clock
        self._ids = ids
        self._rules = rules
        self._failpoint = failpoint

    async def prepare(self, request: ReplyRequest) -> PreparedReply:
        """Check and render. Raises Refused with every problem, Stale where the session is not there."""
        situation = await self._store.read(lambda tx: _situation(tx, request))
        reply, mail = await self._written(request, situation)
        return PreparedReply(request=request, reply=reply, mail=mail)

    async def prepare_first(self, request: FirstRequest) -> PreparedFirst:
        """The same for a mail that begins a conversation. Raises Refused with every problem."""
        conversation = _begun(request, ConversationId(self._ids.new()), self._clock.now())
        reply, mail = await self._written(
            request, Situation(session=SessionId(""), conversation=conversation, mails=())
        )
        return PreparedFirst(request=request, conversation=conversation, reply=reply, mail=mail)

    async def _written(self, request: Letter, situation: Situation) -> tuple[Reply, StoredMail]:
        """Check and render, and put the bytes on disk."""
        rules = self._rules(situation.conversation.tenant, situation.conversation.channel)
        parent = await self._reader.message(situation.answered.sha256) if situation.answered else None
        outgoing = self._outgoing(request, situation, parent, rules)
        problems = (*_text_problems(request), *check(outgoing.recipients, rules.caps))
        if problems:
            raise Refused(problems)
        raw = await self._rendered(outgoing)
        if len(raw) > rules.max_size:
            raise Refused((f"the reply is {len(raw)} octets; the gateway takes at most {rules.max_size}",))
        return await self._rows(request, situation, rules, outgoing, raw)

    async def _rendered(self, outgoing: Outgoing) -> bytes:
        try:
            return await self._offload.run("compose", compose, outgoing.reply)
        except ValueError as error:
            raise Refused((str(error),)) from error

    def submit(self, tx: Tx, prepared: PreparedReply) -> Reply:
        """Store it and tell the session. Raises Stale where the session has another owner now, or ended."""
        reply, request = prepared.reply, prepared.request
        keep(tx, reply, prepared.mail)
        event = ReplySubmitted(agent=request.agent, token=request.token, reply=reply.id)
        _, effects = self._step(tx, request.session, event)
        refused = next((effect for effect in effects if isinstance(effect, Ignore)), None)
        if refused is not None:
            raise Stale(refused.reason, refused.holder)
        self._failpoint("reply_accept_commit_pre")
        return reply

    def submit_first(self, tx: Tx, prepared: PreparedFirst) -> Reply:
        """Begin the conversation and its session with that mail."""
        conversation, request = prepared.conversation, prepared.request
        tx.conversations.add(conversation)
        event = AgentWroteFirst(agent=request.agent, token=request.token, reply=prepared.reply.id)
        session, _ = self._step.in_conversation(tx, conversation.id, event)
        reply = replace(prepared.reply, session=session.id)
        keep(tx, reply, prepared.mail)
        self._failpoint("reply_accept_commit_pre")
        return reply

    def _outgoing(self, request: Letter, situation: Situation, parent: Message | None, rules: SendingRules) -> Outgoing:
        mail, thread = self._ids.new(), situation.conversation
        recipients = _recipients(request, situation, parent, rules)
        anchor = anchor_message_id(rules.ring, thread.tenant, thread.id, rules.domain)
        rendered = mail_out.Reply(
            from_=rules.from_,
            to=_as_addresses(recipients.to),
            cc=_as_addresses(recipients.cc),
            subject=request.subject or reply_subject(situation.subject),
            date=self._clock.now(),
            message_id=mint_message_id(rules.ring, thread.tenant, thread.id, mail, rules.domain),
            in_reply_to=answered_id(parent) if parent else None,
            references=reference_chain(anchor, parent),
            text=request.text,
            html=request.html,
            files=tuple(
                File(name=file.name, content_type=file.content_type, content=file.content)
                for file in request.attachments
            ),
        )
        return Outgoing(id=mail, recipients=recipients, reply=rendered)

    async def _rows(
        self, request: Letter, situation: Situation, rules: SendingRules, outgoing: Outgoing, raw: bytes
    ) -> tuple[Reply, StoredMail]:
        thread = situation.conversation
        reply = Reply(
            id=self._ids.new(),
            tenant=thread.tenant,
            channel=thread.channel,
            gateway=rules.gateway,
            conversation=thread.id,
            session=situation.session,
            agent=request.agent,
            mail=outgoing.id,
            message_id=outgoing.reply.message_id,
            envelope_from=rules.envelope_from,
            raw=await self._offload.run("blobs", self._blobs.put, raw),
            accepted_at=outgoing.reply.date,
            recipients=_reply_recipients(outgoing.recipients),
        )
        accepted = TraceLine(step="reply", verdict="accepted", evidence=f"agent {reply.agent}")
        return reply, mail_of(reply, outgoing.reply, "reply", accepted)


def _begun(request: FirstRequest, conversation: ConversationId, now: datetime) -> Conversation:
    """The conversation that a first mail begins: with whom it is to; who gets a blind copy takes no part in it."""
    to = request.to or ()
    return Conversation(
        id=conversation,
        tenant=request.tenant,
        channel=request.channel,
        customer=to[0] if to else "",
        subject=request.subject or "",
        created_at=now,
        last_mail_at=now,
        participants=tuple(dict.fromkeys(address_key(address) for address in (*to, *request.cc))),
    )


def _situation(tx: Tx, request: ReplyRequest) -> Situation:
    session = tx.sessions.get(request.session)
    if session is None or session.tenant != request.tenant:
        raise Stale("there is no such session")
    conversation = tx.conversations.get(session.conversation)
    if conversation is None:
        raise Stale("its conversation was erased")
    mails = tuple(tx.mails.of_conversation(session.conversation))
    return Situation(session=session.id, conversation=conversation, mails=mails)


def _recipients(request: Letter, situation: Situation, parent: Message | None, rules: SendingRules) -> Recipients:
    """The final lists: those asked for, or the proposal."""
    to = request.to if request.to is not None else _proposed(situation, parent, rules)
    return deduplicated(Recipients(to=to, cc=request.cc, bcc=request.bcc))


def _proposed(situation: Situation, parent: Message | None, rules: SendingRules) -> tuple[str, ...]:
    """Whom to answer unasked: never a stranger in the thread, and no Reply-To that needs a warning."""
    answered = situation.answered
    if parent is None or answered is None or answered.new_participant:
        return _somebody(situation.conversation.customer)
    proposal = propose_reply(parent, rules.own_addresses)
    if proposal.warnings or not proposal.recipients.to:
        return _somebody(answered.from_address)
    return proposal.recipients.to


def _somebody(address: str) -> tuple[str, ...]:
    """The address, where there is one: a mail without one author names nobody to answer."""
    return (address,) if address else ()


def _text_problems(request: Letter) -> tuple[str, ...]:
    """What is wrong with the words of the request."""
    problems = []
    if not request.text.strip() and not (request.html or "").strip() and not request.attachments:
        problems.append("text: the reply is empty")
    if request.subject is not None and any(mark in request.subject for mark in "\r\n\0"):
        problems.append("subject: it may not hold a line break or NUL")
    return tuple(problems)


def _as_addresses(some: tuple[str, ...]) -> tuple[Address, ...]:
    return tuple(Address(addr=address) for address in some)


def _reply_recipients(recipients: Recipients) -> tuple[ReplyRecipient, ...]:
    fields: Sequence[tuple[str, tuple[str, ...]]] = (
        ("to", recipients.to),
        ("cc", recipients.cc),
        ("bcc", recipients.bcc),
    )
    return tuple(ReplyRecipient(address=address, field=field) for field, some in fields for address in some)
