"""What an automatic reply to a mail would need of it: whether it may be sent, to whom, and in which thread.

It is read when the mail comes and kept with it, because a reply may be decided on much later, where only the row is at
hand. The customer's words are no part of it.
"""

from __future__ import annotations

import re

from msgspec import Struct

from postroom.mail.addr_spec import recipient
from postroom.mail.address_key import address_key
from postroom.mail.classify import Classification
from postroom.mail.compose import answered_id, ids_up_to
from postroom.mail.identity import Identity
from postroom.mail.mail_class import MailClass
from postroom.mail.message import Address, Message
from postroom.mail.senders import is_nobody

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


class Answering(Struct, frozen=True, kw_only=True):
    """Why the mail must not be answered by itself (empty where it may), and what an answer would be made of.

    `references` are the ids of the thread up to the mail, oldest first; `language` is what the mail says of itself,
    else what it is written in.
    """

    why_not: str
    recipient: str = ""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    language: str = ""


def answering(message: Message, classification: Classification, identity: Identity, written: str = "") -> Answering:
    """Read it of a mail that was classified; `written` is the language its text is in, where that was asked."""
    return Answering(
        why_not=classification.why_not,
        recipient=_recipient(message, classification, identity),
        in_reply_to=answered_id(message),
        references=ids_up_to(message),
        language=_language(message) or written,
    )


def is_same_organisation(domain: str, other: str) -> bool:
    """Whether one domain is the other or below it, both without letter case.

    Without a list of public suffixes two domains beside each other are strangers. So is nobody harmed: what is above a
    registered domain has no mailboxes, and what is below it is its owner's.
    """
    one, two = address_key(domain), address_key(other)
    return bool(one and two) and (one == two or one.endswith(f".{two}") or two.endswith(f".{one}"))


def _recipient(message: Message, classification: Classification, identity: Identity) -> str:
    """The customer, or the one Reply-To of his own organisation; never us, a program, a list or a role.

    RFC 3834 §4 would answer the Return-Path: for a person's mail that is the author, and where it is another address it
    is one that services and forwarders made for bounces. What it says against answering, the classifier has heard.
    """
    customer = classification.customer
    if customer is None:
        return ""
    wanted = customer if classification.kind is MailClass.FORM else _preferred(message, customer)
    address = recipient(wanted.addr, smtputf8=True)
    if address is None or identity.is_own(address) or is_nobody(address):
        return ""
    return address


def _preferred(message: Message, author: Address) -> Address:
    if len(message.reply_to) == 1 and is_same_organisation(message.reply_to[0].domain, author.domain):
        return message.reply_to[0]
    return author


def _language(message: Message) -> str:
    """The first of Content-Language (RFC 3282 §2)."""
    first = (message.header("Content-Language") or "")[:100].partition(",")[0].strip()
    return first if _LANGUAGE.fullmatch(first) else ""
