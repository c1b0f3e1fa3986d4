"""Takes an agent's reply in: checks it against the channel's caps, renders it once, and brings it to its session.

What is rendered here is what every recipient gets, byte for byte, in every attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.html_out import FORWARDED_PICTURES, QUOTED_PICTURES, sendable
from postroom.engine.letters import (
    Canned,
    Hand,
    Sender,
    ready,
    reference_of,
    sender_of,
    signature_of,
    typed,
    values_of,
    whole,
)
from postroom.engine.reply_rows import FORWARD, keep, mail_of
from postroom.mail import compose as mail_out
from postroom.mail.compose import (
    answered_id,
    composed,
    forward_subject,
    is_content_type,
    reference_chain,
    reply_subject,
    tagged_subject,
)
from postroom.mail.compose_parts import File
from postroom.mail.header_fields import is_message_id
from postroom.mail.letter import Words
from postroom.mail.message import Address, Attachment, Message
from postroom.mail.parse import attachment_bytes
from postroom.mail.quoting import forwarded, quoted
from postroom.mail.recipients import Caps, Recipients, check, deduplicated, propose_reply, propose_reply_all
from postroom.mail.tokens import KeyRing, anchor_message_id, mint_message_id
from postroom.ports.desk import (
    FirstRequest,
    ForwardRequest,
    Letter,
    MailReader,
    PreparedFirst,
    PreparedForward,
    PreparedReply,
    Proposals,
    ReadyAnswer,
    Refused,
    ReplyRequest,
    Stale,
)
from postroom.ports.records import Conversation, RawRef, Reply, ReplyRecipient, StoredMail, TraceLine
from postroom.ports.step import Step
from postroom.ports.store import Blobs, Store, Tx
from postroom.ports.world import Clock, Failpoint, Ids, Offload
from postroom.routing.outcome import Outcome
from postroom.session.effects import Ignore
from postroom.session.events import AgentWroteFirst, AnyEvent, ForwardSubmitted, ReplySubmitted
from postroom.session.state import ConversationId, SessionId

OCTETS = "application/octet-stream"


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
    hand_of: Callable[[str], Hand] = lambda account: Hand(name=account)
    """An agent as he writes here, by his account."""
    canned: tuple[Canned, ...] = ()
    reply_to: str = ""
    """Where answers shall come; empty for where the mail comes from."""
    subject_tag: bool = False


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
    sender: Sender


class Design(Struct, frozen=True, kw_only=True):
    """What kind of mail it is to be: its place in the thread, what stands below its words, and what goes with it."""

    recipients: Recipients
    subject: str
    references: tuple[str, ...]
    in_reply_to: str | None = None
    answer: ReadyAnswer | None = None
    below: Words | None = None
    files: tuple[File, ...] = ()
    mail_class: str = "reply"


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
        situation = await self._store.read(lambda tx: _situation(tx, request.tenant, request.session))
        rules = self._rules_of(situation)
        parent = await self._reader.message(situation.answered.sha256) if situation.answered else None
        below = await self._quote(request, situation, parent)
        answer = _chosen(request, situation, rules) if request.canned else None
        design = _answering(request, situation, parent, rules)
        design = replace(design, below=below, answer=answer)
        reply, mail, sender = await self._written(request, situation, rules, design)
        return PreparedReply(request=request, reply=reply, mail=mail, sender=sender.told)

    async def prepare_first(self, request: FirstRequest) -> PreparedFirst:
        """The same for a mail that begins a conversation. Raises Refused with every problem."""
        conversation = _begun(request, ConversationId(self._ids.new()), self._clock.now())
        situation = Situation(session=SessionId(""), conversation=conversation, mails=())
        rules = self._rules_of(situation)
        design = _answering(request, situation, None, rules)
        reply, mail, sender = await self._written(request, situation, rules, design)
        return PreparedFirst(request=request, conversation=conversation, reply=reply, mail=mail, sender=sender.told)

    async def prepare_forward(self, request: ForwardRequest) -> PreparedForward:
        """The same for a mail that is passed on. Raises Refused with every problem, Stale as prepare() does."""
        situation = await self._store.read(lambda tx: _situation(tx, request.tenant, request.session))
        rules = self._rules_of(situation)
        passed_on = _passed_on(request, situation)
        message = await self._reader.message(passed_on.sha256)
        cleaned = await self._cleaned(message, FORWARDED_PICTURES)
        files = await self._files_of(request, passed_on, message)
        design = Design(
            recipients=_asked(request, request.to or ()),
            subject=request.subject or forward_subject(passed_on.subject),
            # A stranger learns the id of our conversation, by which his answer comes back, and no other.
            references=(_anchor(situation, rules),),
            below=forwarded(message, cleaned),
            files=files,
            mail_class=FORWARD,
        )
        reply, mail, _ = await self._written(request, situation, rules, design)
        return PreparedForward(request=request, reply=reply, mail=mail)

    def proposals(self, mail: StoredMail, message: Message) -> Proposals:
        """Whom an answer would go to."""
        own = self._rules(mail.tenant, mail.channel).own_addresses
        return Proposals(reply=propose_reply(message, own), reply_all=propose_reply_all(message, own))

    async def ready_answers(self, tenant: str, agent: str, session: SessionId) -> tuple[ReadyAnswer, ...]:
        """The canned answers of the session's channel, filled in. Raises Stale where the session is not there."""
        situation = await self._store.read(lambda tx: _situation(tx, tenant, session))
        rules = self._rules_of(situation)
        return tuple(_filled(one, agent, situation, rules) for one in rules.canned)

    def _rules_of(self, situation: Situation) -> SendingRules:
        return self._rules(situation.conversation.tenant, situation.conversation.channel)

    async def _quote(self, request: ReplyRequest, situation: Situation, parent: Message | None) -> Words | None:
        """The mail answered as a quote; a stranger in the thread is quoted nothing."""
        answered = situation.answered
        if not request.quote or parent is None or answered is None or answered.new_participant:
            return None
        return quoted(parent, await self._cleaned(parent, QUOTED_PICTURES))

    async def _cleaned(self, message: Message, pictures: tuple[str, ...]) -> str | None:
        """The mail's HTML fit to be sent on; None where it has none, or too much of it: then its text must do."""
        if message.html is None:
            return None
        return await self._offload.run("html", sendable, message.html, pictures)

    async def _files_of(self, request: ForwardRequest, mail: StoredMail, message: Message) -> tuple[File, ...]:
        """The files that go with a forward, each read from the mail's bytes when its turn comes."""
        known = {one.index: one for one in message.attachments}
        wanted = tuple(known) if request.files is None else tuple(dict.fromkeys(request.files))
        missing = [index for index in wanted if index not in known]
        if missing:
            raise Refused(tuple(f"files: the mail has no file {index}" for index in missing))
        if not wanted:
            return ()
        raw = await self._reader.raw(mail.sha256)
        return tuple(_of_mail(known[index], raw) for index in wanted)

    async def _written(
        self, request: Letter, situation: Situation, rules: SendingRules, design: Design
    ) -> tuple[Reply, StoredMail, Sender]:
        """Check and render, and put the bytes on disk."""
        problems = (*_text_problems(request, design), *check(design.recipients, rules.caps))
        if problems:
            raise Refused(problems)
        own = await self._offload.run("html", typed, request)
        outgoing = self._outgoing(request, situation, rules, design, own)
        raw = await self._offload.run("blobs", self._keep_bytes, outgoing.reply, rules.max_size)
        reply, mail = self._rows(request, situation, rules, outgoing, raw, design.mail_class)
        return reply, mail, outgoing.sender

    def _keep_bytes(self, reply: mail_out.Reply, at_most: int) -> RawRef:
        """Render the mail straight to disk. Raises Refused where it is too large or may not be. Blocking."""
        spool, size = self._blobs.open(at_most), 0
        try:
            for piece in composed(reply):
                size += len(piece)
                if size > at_most:
                    raise Refused((f"the mail has more than {at_most} octets; the gateway takes at most {at_most}",))
                spool.write(piece)
            ref = self._blobs.finish(spool)
            self._blobs.settle([spool])
        except ValueError as error:
            spool.discard()
            raise Refused((str(error),)) from error
        except BaseException:
            spool.discard()
            raise
        return ref

    def submit(self, tx: Tx, prepared: PreparedReply) -> Reply:
        """Store it and tell the session. Raises Stale where the session has another owner now, or ended."""
        reply, request = prepared.reply, prepared.request
        keep(tx, reply, prepared.mail)
        self._name_by_tag(tx, prepared.mail)
        self._bring(
            tx,
            request.session,
            ReplySubmitted(agent=request.agent, token=request.token, reply=reply.id, sender=prepared.sender),
        )
        self._failpoint("reply_accept_commit_pre")
        return reply

    def submit_forward(self, tx: Tx, prepared: PreparedForward) -> Reply:
        """Store it and tell the session. Raises Stale as submit() does."""
        reply, request = prepared.reply, prepared.request
        keep(tx, reply, prepared.mail)
        self._bring(tx, request.session, ForwardSubmitted(agent=request.agent, token=request.token, reply=reply.id))
        self._failpoint("reply_accept_commit_pre")
        return reply

    def _bring(self, tx: Tx, session: SessionId, event: AnyEvent) -> None:
        _, effects = self._step(tx, session, event)
        refused = next((effect for effect in effects if isinstance(effect, Ignore)), None)
        if refused is not None:
            raise Stale(refused.reason, refused.holder)

    @staticmethod
    def _name_by_tag(tx: Tx, mail: StoredMail) -> None:
        """Let the tag in the subject, where there is one, lead to the conversation."""
        tag = f"[#{reference_of(mail.conversation or '')}]"
        if mail.conversation is not None and mail.subject.endswith(tag):
            tx.conversations.name(mail.tenant, tag, mail.conversation, mail.gateway, mail.received_at)

    def submit_first(self, tx: Tx, prepared: PreparedFirst) -> Reply:
        """Begin the conversation and its session with that mail."""
        conversation, request = prepared.conversation, prepared.request
        tx.conversations.add(conversation)
        event = AgentWroteFirst(
            agent=request.agent, token=request.token, reply=prepared.reply.id, sender=prepared.sender
        )
        session, _ = self._step.in_conversation(tx, conversation.id, event)
        reply = replace(prepared.reply, session=session.id)
        keep(tx, reply, prepared.mail)
        self._name_by_tag(tx, prepared.mail)
        self._failpoint("reply_accept_commit_pre")
        return reply

    def _outgoing(
        self, request: Letter, situation: Situation, rules: SendingRules, design: Design, own: Words
    ) -> Outgoing:
        mail, thread = self._ids.new(), situation.conversation
        hand = rules.hand_of(request.agent)
        sender = sender_of(request.sender, hand, rules.from_)
        signature = signature_of(hand, values_of(hand, sender.from_, thread))
        words = whole(own, design.answer, signature, design.below)
        answers_to = rules.reply_to or rules.from_.addr
        rendered = mail_out.Reply(
            from_=sender.from_,
            to=_as_addresses(design.recipients.to),
            cc=_as_addresses(design.recipients.cc),
            reply_to=Address(answers_to) if answers_to != sender.from_.addr else None,
            subject=design.subject,
            date=self._clock.now(),
            message_id=mint_message_id(rules.ring, thread.tenant, thread.id, mail, rules.domain),
            in_reply_to=design.in_reply_to,
            references=design.references,
            text=words.text,
            html=words.html,
            files=(*design.files, *_files(request)),
        )
        return Outgoing(id=mail, recipients=design.recipients, reply=rendered, sender=sender)

    def _rows(  # noqa: PLR0917 what the rows are made of
        self,
        request: Letter,
        situation: Situation,
        rules: SendingRules,
        outgoing: Outgoing,
        raw: RawRef,
        mail_class: str,
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
            raw=raw,
            accepted_at=outgoing.reply.date,
            recipients=_reply_recipients(outgoing.recipients),
        )
        accepted = TraceLine(step=mail_class, verdict="accepted", evidence=f"agent {reply.agent}")
        mail = mail_of(reply, outgoing.reply, mail_class, accepted)
        return reply, replace(mail, trace=(*mail.trace, *outgoing.sender.trace()))


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
        participants=tuple(dict.fromkeys(address.casefold() for address in (*to, *request.cc))),
    )


def _situation(tx: Tx, tenant: str, wanted: SessionId) -> Situation:
    session = tx.sessions.get(wanted)
    if session is None or session.tenant != tenant:
        raise Stale("there is no such session")
    conversation = tx.conversations.get(session.conversation)
    if conversation is None:
        raise Stale("its conversation was erased")
    mails = tuple(tx.mails.of_conversation(session.conversation))
    return Situation(session=session.id, conversation=conversation, mails=mails)


def _anchor(situation: Situation, rules: SendingRules) -> str:
    thread = situation.conversation
    return anchor_message_id(rules.ring, thread.tenant, thread.id, rules.domain)


def _answering(request: Letter, situation: Situation, parent: Message | None, rules: SendingRules) -> Design:
    """An answer to the parent, or the first mail of a conversation."""
    subject = request.subject or reply_subject(situation.subject)
    if rules.subject_tag:
        subject = tagged_subject(subject, reference_of(situation.conversation.id))
    to = request.to if request.to is not None else _proposed(situation, parent, rules)
    return Design(
        recipients=_asked(request, to),
        subject=subject,
        references=reference_chain(_anchor(situation, rules), parent),
        in_reply_to=answered_id(parent) if parent else None,
    )


def _passed_on(request: ForwardRequest, situation: Situation) -> StoredMail:
    """The mail that is forwarded: one of this conversation and no other."""
    if not request.mail and situation.answered is not None:
        return situation.answered
    found = next((mail for mail in situation.mails if mail.id == request.mail), None)
    if found is None:
        raise Refused(("mail: the conversation has no such mail",))
    return found


def _chosen(request: ReplyRequest, situation: Situation, rules: SendingRules) -> ReadyAnswer:
    """The canned answer of that name: in the language asked for, else the one for every language, else the first."""
    named = [one for one in rules.canned if one.name == request.canned]
    if not named:
        raise Refused((f"canned: there is no canned answer {request.canned[:80]!r} for this channel",))
    best = min(named, key=lambda one: (one.language != request.language, one.language != ""))
    return _filled(best, request.agent, situation, rules)


def _filled(canned: Canned, agent: str, situation: Situation, rules: SendingRules) -> ReadyAnswer:
    thread, answered = situation.conversation, situation.answered
    values = values_of(rules.hand_of(agent), rules.from_, thread)
    return ready(canned, values, thread, answered.from_name if answered else "")


def _of_mail(attachment: Attachment, raw: bytes) -> File:
    """A file of a mail that is passed on; its octets are decoded only when they are written."""
    return File(
        name=attachment.name,
        content_type=attachment.content_type if is_content_type(attachment.content_type) else OCTETS,
        content=lambda: attachment_bytes(raw, attachment.index) or b"",
        content_id=attachment.content_id if is_message_id(attachment.content_id or "") else None,
    )


def _files(request: Letter) -> tuple[File, ...]:
    return tuple(
        File(name=file.name, content_type=file.content_type, content=file.content) for file in request.attachments
    )


def _asked(request: Letter, to: tuple[str, ...]) -> Recipients:
    """The final lists."""
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


def _text_problems(request: Letter, design: Design) -> tuple[str, ...]:
    """What is wrong with the words of the request."""
    problems = []
    said = request.text.strip() or (request.html or "").strip() or design.answer or design.mail_class == FORWARD
    if not said and not request.attachments:
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
