"""Takes an agent's reply in: checks it against the channel's caps, renders it once, and brings it to its session.

What is rendered here is what every recipient gets, byte for byte, in every attempt.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.designs import (
    Design,
    Situation,
    anchor_of,
    begun_with,
    blocked,
    chosen_answer,
    designed,
    file_of_mail,
    files_of,
    filled_answer,
    mail_passed_on,
    recipients_asked,
    situation_of,
    text_problems,
)
from postroom.engine.html_out import FORWARDED_PICTURES, QUOTED_PICTURES, sendable
from postroom.engine.letters import (
    Sender,
    reference_of,
    sender_of,
    signature_of,
    typed,
    values_of,
    whole,
)
from postroom.engine.opened_mail import look_through
from postroom.engine.reply_rows import FORWARD, keep, mail_of
from postroom.engine.sending_rules import SendingRules
from postroom.mail import compose as mail_out
from postroom.mail.compose import (
    composed,
    forward_subject,
)
from postroom.mail.compose_parts import File
from postroom.mail.letter import Words
from postroom.mail.message import Address, Message
from postroom.mail.quoting import forwarded, quoted
from postroom.mail.recipients import Recipients, check, propose_reply, propose_reply_all
from postroom.mail.tokens import mint_message_id
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
from postroom.ports.records import RawRef, Reply, ReplyRecipient, StoredMail, TraceLine
from postroom.ports.step import Step
from postroom.ports.store import Blobs, Store, Tx
from postroom.ports.world import Clock, Failpoint, Ids, Offload
from postroom.session.effects import Ignore
from postroom.session.events import AgentWroteFirst, AnyEvent, ForwardSubmitted, ReplySubmitted
from postroom.session.state import ConversationId, SessionId


class Outgoing(Struct, frozen=True, kw_only=True):
    """A reply before it is bytes: the id it is stored under, its final recipients, and the mail itself."""

    id: str
    recipients: Recipients
    reply: mail_out.Reply
    sender: Sender


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
        situation = await self._store.read(lambda tx: situation_of(tx, request.tenant, request.session))
        rules = self._rules_of(situation)
        parent = await self._reader.message(situation.answered.sha256) if situation.answered else None
        below = await self._quote(request, situation, parent)
        answer = chosen_answer(request, situation, rules) if request.canned else None
        design = designed(request, situation, parent, rules)
        design = replace(design, below=below, answer=answer)
        reply, mail, sender = await self._written(request, situation, rules, design)
        return PreparedReply(request=request, reply=reply, mail=mail, sender=sender.told)

    async def prepare_first(self, request: FirstRequest) -> PreparedFirst:
        """The same for a mail that begins a conversation. Raises Refused with every problem."""
        conversation = begun_with(request, ConversationId(self._ids.new()), self._clock.now())
        situation = Situation(session=SessionId(""), conversation=conversation, mails=())
        rules = self._rules_of(situation)
        design = designed(request, situation, None, rules)
        reply, mail, sender = await self._written(request, situation, rules, design)
        return PreparedFirst(request=request, conversation=conversation, reply=reply, mail=mail, sender=sender.told)

    async def prepare_forward(self, request: ForwardRequest) -> PreparedForward:
        """The same for a mail that is passed on. Raises Refused with every problem, Stale as prepare() does."""
        situation = await self._store.read(lambda tx: situation_of(tx, request.tenant, request.session))
        rules = self._rules_of(situation)
        passed_on = mail_passed_on(request, situation)
        message = await self._reader.message(passed_on.sha256)
        cleaned = await self._cleaned(message, FORWARDED_PICTURES)
        design = Design(
            recipients=recipients_asked(request, request.to or ()),
            subject=request.subject or forward_subject(passed_on.subject),
            # A stranger learns the id of our conversation, by which his answer comes back, and no other.
            references=(anchor_of(situation, rules),),
            below=forwarded(message, cleaned),
            mail_class=FORWARD,
        )
        async with self._files_of(request, passed_on, message) as files:
            design = replace(design, files=files)
            reply, mail, _ = await self._written(request, situation, rules, design)
        return PreparedForward(request=request, reply=reply, mail=mail)

    def proposals(self, mail: StoredMail, message: Message) -> Proposals:
        """Whom an answer would go to."""
        own = self._rules(mail.tenant, mail.channel).own_addresses
        return Proposals(reply=propose_reply(message, own), reply_all=propose_reply_all(message, own))

    async def ready_answers(self, tenant: str, agent: str, session: SessionId) -> tuple[ReadyAnswer, ...]:
        """The canned answers of the session's channel, filled in. Raises Stale where the session is not there."""
        situation = await self._store.read(lambda tx: situation_of(tx, tenant, session))
        rules = self._rules_of(situation)
        return tuple(filled_answer(one, agent, situation, rules) for one in rules.canned)

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

    @asynccontextmanager
    async def _files_of(
        self, request: ForwardRequest, mail: StoredMail, message: Message
    ) -> AsyncGenerator[tuple[File, ...]]:
        """The files that go with a forward, each read from the mail's own file when its turn comes."""
        known = {one.index: one for one in message.attachments}
        wanted = tuple(known) if request.files is None else tuple(dict.fromkeys(request.files))
        missing = [index for index in wanted if index not in known]
        if missing:
            raise Refused(tuple(f"files: the mail has no file {index}" for index in missing))
        if not wanted:
            yield ()
            return
        with await self._reader.open_raw(mail.sha256) as file:
            octets, tree = await self._offload.run("attachments", look_through, file)
            yield tuple(file_of_mail(known[index], tree.parts[index], octets) for index in wanted) if tree else ()

    async def _written(
        self, request: Letter, situation: Situation, rules: SendingRules, design: Design
    ) -> tuple[Reply, StoredMail, Sender]:
        """Check and render, and put the bytes on disk."""
        recipients = design.recipients
        problems = (*text_problems(request, design), *check(recipients, rules.caps), *blocked(recipients, rules))
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
        keep(tx, reply, prepared.mail, request.uploads)
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
        keep(tx, reply, prepared.mail, request.uploads)
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
        keep(tx, reply, prepared.mail, request.uploads)
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
        answers_to = rules.answers_to(thread.tenant, thread.id)
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
            files=(*design.files, *files_of(request)),
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


def _as_addresses(some: tuple[str, ...]) -> tuple[Address, ...]:
    return tuple(Address(addr=address) for address in some)


def _reply_recipients(recipients: Recipients) -> tuple[ReplyRecipient, ...]:
    fields: Sequence[tuple[str, tuple[str, ...]]] = (
        ("to", recipients.to),
        ("cc", recipients.cc),
        ("bcc", recipients.bcc),
    )
    return tuple(ReplyRecipient(address=address, field=field) for field, some in fields for address in some)
