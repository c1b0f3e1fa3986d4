"""What a mail of an agent's is to be, before it is written: whom it goes to, its thread, what stands below."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from postroom.engine.letters import Canned, ready, reference_of, values_of
from postroom.engine.reply_rows import FORWARD
from postroom.engine.sending_rules import SendingRules
from postroom.mail.address_key import address_key
from postroom.mail.compose import answered_id, is_content_type, reference_chain, reply_subject, tagged_subject
from postroom.mail.compose_parts import File
from postroom.mail.header_fields import is_message_id
from postroom.mail.letter import Words
from postroom.mail.message import Attachment, Message
from postroom.mail.mime import Part
from postroom.mail.octets import Octets
from postroom.mail.recipients import Recipients, deduplicated, propose_reply
from postroom.mail.tokens import anchor_message_id
from postroom.ports.desk import FirstRequest, ForwardRequest, Letter, ReadyAnswer, Refused, ReplyRequest, Stale
from postroom.ports.records import Conversation, StoredMail
from postroom.ports.store import Tx
from postroom.routing.outcome import Outcome
from postroom.session.state import ConversationId, SessionId

OCTETS = "application/octet-stream"


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


def begun_with(request: FirstRequest, conversation: ConversationId, now: datetime) -> Conversation:
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


def situation_of(tx: Tx, tenant: str, wanted: SessionId) -> Situation:
    """What the session's mail answers. Raises Stale where the session or its conversation is not there."""
    session = tx.sessions.get(wanted)
    if session is None or session.tenant != tenant:
        raise Stale("there is no such session")
    conversation = tx.conversations.get(session.conversation)
    if conversation is None:
        raise Stale("its conversation was erased")
    mails = tuple(tx.mails.of_conversation(session.conversation))
    return Situation(session=session.id, conversation=conversation, mails=mails)


def anchor_of(situation: Situation, rules: SendingRules) -> str:
    """The id that names the conversation in every mail of ours."""
    thread = situation.conversation
    return anchor_message_id(rules.ring, thread.tenant, thread.id, rules.domain)


def designed(request: Letter, situation: Situation, parent: Message | None, rules: SendingRules) -> Design:
    """An answer to the parent, or the first mail of a conversation."""
    subject = request.subject or reply_subject(situation.subject)
    if rules.subject_tag:
        subject = tagged_subject(subject, reference_of(situation.conversation.id))
    to = request.to if request.to is not None else _proposed(situation, parent, rules)
    return Design(
        recipients=recipients_asked(request, to),
        subject=subject,
        references=reference_chain(anchor_of(situation, rules), parent),
        in_reply_to=answered_id(parent) if parent else None,
    )


def mail_passed_on(request: ForwardRequest, situation: Situation) -> StoredMail:
    """The mail that is forwarded: one of this conversation and no other."""
    if not request.mail and situation.answered is not None:
        return situation.answered
    found = next((mail for mail in situation.mails if mail.id == request.mail), None)
    if found is None:
        raise Refused(("mail: the conversation has no such mail",))
    return found


def chosen_answer(request: ReplyRequest, situation: Situation, rules: SendingRules) -> ReadyAnswer:
    """The canned answer of that name: in the language asked for, else the one for every language, else the first."""
    named = [one for one in rules.canned if one.name == request.canned]
    if not named:
        raise Refused((f"canned: there is no canned answer {request.canned[:80]!r} for this channel",))
    best = min(named, key=lambda one: (one.language != request.language, one.language != ""))
    return filled_answer(best, request.agent, situation, rules)


def filled_answer(canned: Canned, agent: str, situation: Situation, rules: SendingRules) -> ReadyAnswer:
    """A canned answer as the agent would send it in this conversation."""
    thread, answered = situation.conversation, situation.answered
    values = values_of(rules.hand_of(agent), rules.from_, thread)
    return ready(canned, values, thread, answered.from_name if answered else "")


def file_of_mail(attachment: Attachment, part: Part, raw: Octets) -> File:
    """A file of a mail that is passed on; its octets are read and decoded only when they are written."""
    return File(
        name=attachment.name,
        content_type=attachment.content_type if is_content_type(attachment.content_type) else OCTETS,
        content=lambda: part.pieces(raw),
        content_id=attachment.content_id if is_message_id(attachment.content_id or "") else None,
    )


def files_of(request: Letter) -> tuple[File, ...]:
    """The files that the agent adds."""
    return tuple(
        File(name=file.name, content_type=file.content_type, content=file.content) for file in request.attachments
    )


def recipients_asked(request: Letter, to: tuple[str, ...]) -> Recipients:
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


def blocked(recipients: Recipients, rules: SendingRules) -> tuple[str, ...]:
    """Those of the recipients that are on the tenant's blocklist, in words."""
    fields = (("To", recipients.to), ("Cc", recipients.cc), ("Bcc", recipients.bcc))
    return tuple(
        f"{field}: {address!r} is on the blocklist, by {entry!r}"
        for field, addresses in fields
        for address in addresses
        if (entry := rules.blocklist.entry(address))
    )


def text_problems(request: Letter, design: Design) -> tuple[str, ...]:
    """What is wrong with the words of the request."""
    problems = []
    said = request.text.strip() or (request.html or "").strip() or design.answer or design.mail_class == FORWARD
    if not said and not request.attachments:
        problems.append("text: the reply is empty")
    if request.subject is not None and any(mark in request.subject for mark in "\r\n\0"):
        problems.append("subject: it may not hold a line break or NUL")
    return tuple(problems)
