"""Automatic replies against the store: what the decision on one asks for, and putting one in.

Both belong to the transaction of the event that leads to it, so that whatever comes at the same time, the counts a
decision was made on are still true when its reply is put in. The decision itself is session/automatic.py's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

import structlog
from msgspec import Struct
from msgspec.structs import replace

from postroom.engine.letters import reference_of
from postroom.engine.reply_rows import keep, mail_of
from postroom.engine.sending_rules import SendingRules
from postroom.engine.world import CROCKFORD
from postroom.mail import compose as mail_out
from postroom.mail.answering import Answering
from postroom.mail.compose_automatic import AutomaticText, Ours, automatic_mail, in_language
from postroom.mail.identity import untagged
from postroom.mail.moments import plain_moment
from postroom.mail.templates import literal
from postroom.mail.tokens import anchor_message_id, mint_message_id
from postroom.ports.records import AutomaticReply, OutboxRow, RawRef, Reply, ReplyRecipient, StoredMail, TraceLine
from postroom.ports.store import Topic, Tx
from postroom.session.automatic import (
    DAY,
    TEN_MINUTES,
    AutomaticFacts,
    AutomaticKind,
    AutomaticPolicy,
    Send,
    Suppressed,
)
from postroom.session.effects import SendReply
from postroom.session.state import Session

log = structlog.get_logger(__name__)

COPY_WINDOW = timedelta(days=7)
"""How long the same mail may take to come a second way."""
MINUTES_OF_SURPLUS = 10
"""What cannot be sent within so many minutes at the gateway's rate opens the breaker."""
_TIME, _CHANCE = 10, 16
"""A ULID's characters of time and of chance."""


class AutomaticRules(Struct, frozen=True, kw_only=True):
    """One generation's settings of a channel's automatic replies."""

    sending: SendingRules
    policy: AutomaticPolicy
    texts: Mapping[AutomaticKind, tuple[AutomaticText, ...]]
    zone: tzinfo
    language: str = ""
    """The language to answer in; empty for the one the mail says it is in."""
    envelope_from: str = ""
    """RFC 3834 §3.3: empty, the null sender, unless the settings want bounces."""
    per_minute: int = 60
    """Automatic replies the sending gateway may send; 0 for no limit."""
    start_from: datetime | None = None
    paused: bool = False


class Occasion(Struct, frozen=True, kw_only=True):
    """What is sent, for which mail of the customer's, and what else its names may need."""

    kind: AutomaticKind
    mail: StoredMail
    next_opening: datetime | None = None
    agent_name: str = ""
    said: str = ""
    """What a robot answered, instead of a text of the channel."""


def facts_of(
    tx: Tx, session: Session, mail: StoredMail, rules: AutomaticRules, now: datetime, *, offline: bool
) -> AutomaticFacts:
    """Read what session.automatic.automatic_reply asks for; `offline` says whether the session is, or becomes so."""
    answering = mail.answering or Answering(why_not="")
    facts = AutomaticFacts(
        mail=mail.id,
        received_at=mail.received_at,
        answerable=mail.answering is not None and not answering.why_not,
        why_not=answering.why_not,
        recipient=answering.recipient,
        new_participant=mail.new_participant,
        start_from=rules.start_from,
        offline=offline,
        paused=rules.paused,
    )
    # What is never answered whatever was sent before needs no counting: most channels and most machines' mails.
    if not rules.policy.texts or not facts.answerable or not facts.recipient:
        return facts
    return _with_history(tx, session, mail, rules, facts, now)


def _with_history(  # noqa: PLR0917 the facts so far, and where the rest is found
    tx: Tx, session: Session, mail: StoredMail, rules: AutomaticRules, facts: AutomaticFacts, now: datetime
) -> AutomaticFacts:
    """The facts with what was put in before."""
    sender, most_waiting = untagged(facts.recipient), rules.per_minute * MINUTES_OF_SURPLUS
    in_session = tx.automatic.in_session(session.id)
    apart = sum(in_session.get(kind.value, 0) for kind in (AutomaticKind.REMINDER, AutomaticKind.ROBOT))
    return replace(
        facts,
        undeliverable=tx.undeliverable.has(session.tenant, facts.recipient, now)
        or bool(rules.sending.blocklist.entry(facts.recipient)),
        mail_answered=tx.automatic.has_mail(mail.id),
        copy_answered=tx.automatic.has_copy(mail, sender, now - COPY_WINDOW),
        sent_in_session=sum(in_session.values()) - apart,
        reminded=AutomaticKind.REMINDER.value in in_session,
        last_in_conversation=tx.automatic.last_in_conversation(session.conversation),
        to_sender_in_ten_minutes=tx.automatic.to_sender(session.tenant, session.channel, sender, now - TEN_MINUTES),
        to_sender_in_a_day=tx.automatic.to_sender(session.tenant, session.channel, sender, now - DAY),
        breaker_open=bool(most_waiting) and tx.automatic.waiting(session.tenant, rules.sending.gateway) >= most_waiting,
    )


class _Draft(Struct, frozen=True):
    """All that a reply is written from."""

    session: Session
    occasion: Occasion
    rules: AutomaticRules
    answering: Answering
    text: AutomaticText
    now: datetime

    def derived(self, what: str) -> str:
        """An id in the form of a ULID, the same for the same occasion, that sorts with the mail answered."""
        mail = self.occasion.mail.id
        parts = f"{mail}|{what}|{self.session.id}|{self.occasion.kind.value}"
        number = int.from_bytes(hashlib.sha256(parts.encode()).digest(), "big")
        return mail[:_TIME] + "".join(CROCKFORD[number >> 5 * place & 31] for place in range(_CHANCE))


def put_in(tx: Tx, session: Session, occasion: Occasion, rules: AutomaticRules, now: datetime) -> Reply | None:
    """Render the reply, store it, remember it and put it in the outbox; None where there is nothing to send.

    The same occasion twice is one reply: its id is made of session, kind and mail.
    """
    answering = occasion.mail.answering
    if answering is None or not answering.recipient:
        return None
    text = _text(occasion, rules, answering)
    if text is None:
        return None
    draft = _Draft(session, occasion, rules, answering, text, now)
    if tx.replies.get(draft.derived("reply")) is not None:
        return None
    try:
        rendered = _rendered(draft)
        raw = mail_out.compose(rendered)
    except Exception as error:  # noqa: BLE001 the customer's mail is served whether or not it can be confirmed
        log.warning("automatic_reply_not_rendered", mail=occasion.mail.id, why=f"{type(error).__name__}: {error}")
        return None
    reply = _reply(draft, rendered, raw)
    accepted = TraceLine(step="automatic_reply", verdict=occasion.kind.value, evidence=f"for mail {occasion.mail.id}")
    mail_class = "robot_answer" if occasion.kind is AutomaticKind.ROBOT else "automatic_reply"
    keep(tx, reply, mail_of(reply, rendered, mail_class, accepted))
    tx.automatic.add(_remembered(draft, reply))
    _send(tx, reply)
    return reply


def _text(occasion: Occasion, rules: AutomaticRules, answering: Answering) -> AutomaticText | None:
    language = rules.language or answering.language
    if occasion.said:
        return AutomaticText(language=language, text=literal(occasion.said))
    return in_language(rules.texts.get(occasion.kind, ()), language)


def trace_of(kind: AutomaticKind, decided: Send | Suppressed) -> TraceLine:
    """The decision as a line of the customer's mail's trace."""
    if isinstance(decided, Send):
        return TraceLine(step="automatic_reply", verdict="sent", evidence=f"the channel's text for {kind.value}")
    return TraceLine(step="automatic_reply", verdict="not sent", evidence=f"{decided.reason.value}: {decided.words}")


def _rendered(draft: _Draft) -> mail_out.Reply:
    sending, conversation, tenant = draft.rules.sending, draft.session.conversation, draft.session.tenant
    ours = Ours(
        from_=sending.from_,
        answers_to=sending.answers_to(tenant, conversation) if sending.plus_address else sending.from_.addr,
        message_id=mint_message_id(sending.ring, tenant, conversation, draft.derived("mail"), sending.domain),
        anchor=anchor_message_id(sending.ring, tenant, conversation, sending.domain),
        date=draft.now,
    )
    is_reminder = draft.occasion.kind is AutomaticKind.REMINDER
    return automatic_mail(draft.text, _values(draft), draft.answering, ours, is_reminder=is_reminder)


def _values(draft: _Draft) -> dict[str, str]:
    """The values of mail.templates.AUTOMATIC_NAMES: each from the settings or of our own making."""
    session, rules, opening = draft.session, draft.rules, draft.occasion.next_opening
    return {
        "agent_name": draft.occasion.agent_name,
        "channel_name": session.channel,
        "from_address": rules.sending.from_.addr,
        "from_name": rules.sending.from_.name,
        "next_opening": "" if opening is None else plain_moment(opening, rules.zone, draft.text.language),
        "queue": session.queue,
        "reference": reference_of(session.conversation),
        "tenant": session.tenant,
    }


def _reply(draft: _Draft, rendered: mail_out.Reply, raw: bytes) -> Reply:
    session = draft.session
    return Reply(
        id=draft.derived("reply"),
        tenant=session.tenant,
        channel=session.channel,
        gateway=draft.rules.sending.gateway,
        conversation=session.conversation,
        session=session.id,
        agent="",
        mail=draft.derived("mail"),
        message_id=rendered.message_id,
        envelope_from=draft.rules.envelope_from,
        # In the row whatever its size: a transaction writes no files, and the settings bound the text.
        raw=RawRef(sha256=hashlib.sha256(raw).hexdigest(), size=len(raw), small=raw),
        accepted_at=draft.now,
        recipients=tuple(ReplyRecipient(address=one.addr, field="to") for one in rendered.to),
        automatic=draft.occasion.kind.value,
    )


def _remembered(draft: _Draft, reply: Reply) -> AutomaticReply:
    return AutomaticReply(
        reply=reply.id,
        tenant=reply.tenant,
        channel=reply.channel,
        conversation=reply.conversation,
        session=reply.session,
        mail=draft.occasion.mail.id,
        sender=sender_of(draft.answering),
        kind=reply.automatic,
        at=reply.accepted_at,
    )


def _send(tx: Tx, reply: Reply) -> None:
    row = OutboxRow(
        id=reply.id,
        tenant=reply.tenant,
        conversation=reply.conversation,
        session=reply.session,
        effect=SendReply(reply=reply.id),
        created_at=reply.accepted_at,
        due_at=reply.accepted_at,
    )
    tx.outbox.add(row)
    tx.wake(Topic.OUTBOX)


def sender_of(answering: Answering) -> str:
    """Whom the caps are about: the box that is written to, whatever tags it hangs on its name."""
    return untagged(answering.recipient) if answering.recipient else ""
