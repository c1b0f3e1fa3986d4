"""What kind of mail a Message is, and whether a machine may answer it: the order of the rules, and nothing else.

Rules test and never act (RFC 3834, RFC 5230 §4.5). All of them are asked, so that the trace shows every reason; the
class is the first of ORDER that any rule found. Never answering never means dropping.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from postroom.mail import (
    addressing,
    authentication,
    automatic_headers,
    bounce_text,
    challenges,
    senders,
    structure,
    subjects,
)
from postroom.mail.identity import Identity
from postroom.mail.mail_class import Case, Caveat, Evidence, Finding, MailClass
from postroom.mail.message import Address, Message

Rule = Callable[[Case], tuple[Finding, ...]]

RULES: tuple[Rule, ...] = (
    senders.own_mail,
    structure.report,
    structure.complaint,
    structure.failed_recipients,
    structure.invitation,
    structure.unreadable,
    senders.mail_system,
    senders.failure_notice,
    senders.refusal_notice,
    subjects.complaint_subject,
    automatic_headers.auto_submitted,
    automatic_headers.auto_replied_too,
    automatic_headers.responder_fields,
    automatic_headers.loop_marks,
    structure.hops,
    automatic_headers.list_fields,
    senders.list_sender,
    automatic_headers.precedence,
    senders.null_sender,
    senders.nobody,
    challenges.challenge,
    subjects.automatic_subject,
    bounce_text.bounce_text,
    senders.form,
    automatic_headers.suppressed,
    senders.no_acknowledgement,
    structure.several_authors,
    structure.unusable_author,
    authentication.unverified,
    addressing.not_addressed,
    addressing.old,
    automatic_headers.spam_mark,
)

ORDER: tuple[MailClass, ...] = (
    # Ours first: a mail of ours that comes back must start nothing, whatever else it carries.
    MailClass.OWN,
    # Then what a mail is by its structure, which a sender seldom gets wrong.
    MailClass.ARF,
    MailClass.MDN,
    MailClass.DSN,
    MailClass.CALENDAR,
    MailClass.MALFORMED,
    # A challenge comes with the marks of a response, and says more.
    MailClass.CHALLENGE,
    # A responder may also use an empty sender, bulk precedence or a list: it is a response before it is those.
    MailClass.AUTOMATIC_RESPONSE,
    MailClass.LOOP,
    MailClass.LIST,
    MailClass.BULK,
    MailClass.NULL_SENDER,
    MailClass.AUTOMATIC,
    MailClass.SUSPECT,
    MailClass.FORM,
)


class Classification(Struct, frozen=True, kw_only=True):
    """The verdict: `answerable` says whether an automatic reply is allowed as far as the mail itself goes."""

    kind: MailClass
    caveats: frozenset[Caveat]
    evidence: tuple[Evidence, ...]
    answerable: bool
    why_not: str
    customer: Address | None
    """Whom an answer goes to: the author, or the Reply-To of a form; None where nobody can say."""


def classify(
    message: Message, identity: Identity, received_at: datetime, now: datetime, valid_token_of_own: bool = False
) -> Classification:
    """Ask every rule; times are aware, and `valid_token_of_own` says that we minted the mail's own Message-ID."""
    case = Case(message=message, identity=identity, received_at=received_at, now=now, own_token=valid_token_of_own)
    findings = [found for rule in RULES for found in rule(case)]
    kinds = {found.says for found in findings if isinstance(found.says, MailClass)}
    kind = next((kind for kind in ORDER if kind in kinds), MailClass.HUMAN)
    caveats = frozenset(found.says for found in findings if isinstance(found.says, Caveat))
    customer = _customer(message, kind)
    against = [found for found in findings if found.says is not MailClass.FORM]
    if customer is None and not against:
        why_not = "there is nobody to answer"
    else:
        why_not = "; ".join(dict.fromkeys(f"{found.says.value}: {found.evidence.rule}" for found in against))
    return Classification(
        kind=kind,
        caveats=caveats,
        evidence=tuple(dict.fromkeys(found.evidence for found in findings)),
        answerable=not why_not,
        why_not=why_not,
        customer=customer,
    )


def _customer(message: Message, kind: MailClass) -> Address | None:
    if kind is MailClass.FORM:
        return message.reply_to[0] if len(message.reply_to) == 1 else None
    return message.author
