"""Rules that judge a mail by who sent it: our own addresses, forms, mail systems, lists, and boxes nobody reads."""

from __future__ import annotations

import re

from postroom.mail.address_key import address_key
from postroom.mail.bounce_text import refusal_words
from postroom.mail.mail_class import Case, Caveat, Finding, MailClass, finding
from postroom.mail.subjects import failure_subject

_MAIL_SYSTEM = re.compile(r"mailer[-_. ]?daemon|mail[-_. ]?daemon|mdaemon|mail[-_. ]?delivery[-_. ]?(?:sub)?system")
_LIST = re.compile(r"owner-.*|.*-owner|.*-request|.*-bounces(?:[+=-].*)?|listserv|majordomo")
_NOBODY = re.compile(
    r"(?:.*[-_.+])?(?:no[-_.]?repl(?:y|ies)|do[-_.]?not[-_.]?reply|nepasrepondre|noresponder|keine[-_.]?antwort|unattended)"
    r"(?:[-_.+].*)?|bounces?(?:[-_.+=].*)?|auto[-_.]?(?:reply|responder|mailer)|nobody|cron|root"
)
_NO_ACK = re.compile(r"post[-_.]?master|abuse|hostmaster|mail[-_.]?admin(?:istrator)?")


def own_mail(case: Case) -> tuple[Finding, ...]:
    """A mail whose own Message-ID we minted came back to us."""
    if case.own_token:
        return finding(MailClass.OWN, "own Message-ID", "Message-ID", case.message.message_id or "")
    return ()


def form(case: Case) -> tuple[Finding, ...]:
    """From our own or a listed form address, without our token: a web form, whose customer is the Reply-To."""
    author = case.message.author
    if author is None:
        return ()
    if case.identity.is_form(author.addr):
        return finding(MailClass.FORM, "listed form", "From", author.addr)
    if case.identity.is_own(author.addr):
        unlisted = finding(Caveat.UNLISTED_FORM, "form not listed", "From", author.addr)
        return finding(MailClass.FORM, "own address", "From", author.addr) + unlisted
    return ()


def mail_system(case: Case) -> tuple[Finding, ...]:
    """A mail delivery system wrote it, or gave itself as the envelope's sender."""
    names = [("From", address.name.casefold()) for address in case.message.from_]
    for header, name in (*case.senders, *names):
        if is_mail_system(name):
            return finding(MailClass.DSN, "mail system", header, name)
    for value in case.message.all_headers("From"):
        if is_empty_author(value):
            return finding(MailClass.DSN, "empty author", "From", value)
    return ()


def is_mail_system(name: str) -> bool:
    """Whether a case-folded local part or display name is that of a mail delivery system."""
    return _MAIL_SYSTEM.fullmatch(name) is not None


def is_empty_author(value: str) -> bool:
    """Whether a From field names the empty address, as some mail systems write it."""
    return value.rstrip().endswith("<>")


def failure_notice(case: Case) -> tuple[Finding, ...]:
    """A subject of failed delivery from a role address or with an empty envelope sender: a bounce without its form."""
    signs = null_sender(case) or no_acknowledgement(case)
    if signs and failure_subject(case.message.subject):
        return finding(MailClass.DSN, "failure notice", "Subject", case.message.subject)
    return ()


def refusal_notice(case: Case) -> tuple[Finding, ...]:
    """Words of a refusal from a role or a box nobody reads, with an empty envelope sender or a mail returned in it.

    A person whose envelope sender a forwarder blanked has none of these names, however much of a bounce he quotes.
    """
    unread = nobody(case)
    returned = any(part.depth == 1 and part.content_type == "message/rfc822" for part in case.message.shape)
    machine = (null_sender(case) and (unread or no_acknowledgement(case))) or (unread and returned)
    words = refusal_words(case.message.text) if machine else ""
    return finding(MailClass.DSN, "refusal notice", "", words) if words else ()


def list_sender(case: Case) -> tuple[Finding, ...]:
    """The habitual names of list programs (RFC 5230 §4.6 names them too)."""
    for header, local in case.senders:
        if _LIST.fullmatch(local):
            return finding(MailClass.LIST, "list sender", header, local)
    return ()


def nobody(case: Case) -> tuple[Finding, ...]:
    """A box that says in its name that nobody reads it; a listed form is answered at its Reply-To instead."""
    for header, local in case.senders:
        if header == "From" and _NOBODY.fullmatch(local) and not form(case):
            return finding(MailClass.AUTOMATIC, "nobody reads it", header, local)
    return ()


def no_acknowledgement(case: Case) -> tuple[Finding, ...]:
    """RFC 5230 §4.6: behind a postmaster there may be a person, who is served but gets no automatic reply."""
    for header, local in case.senders:
        if _NO_ACK.fullmatch(local):
            return finding(Caveat.NO_ACK, "role address", header, local)
    return ()


def is_nobody(address: str) -> bool:
    """Whether the address is, by its name, that of a program, a list or a role, which nothing answers by itself."""
    local = address_key(address).rpartition("@")[0]
    return any(pattern.fullmatch(local) for pattern in (_MAIL_SYSTEM, _LIST, _NOBODY, _NO_ACK))


def null_sender(case: Case) -> tuple[Finding, ...]:
    """RFC 3834 §2: an empty envelope sender must not be answered; a missing Return-Path says nothing at all."""
    for value in case.message.all_headers("Return-Path"):
        if "".join(value.split()) in {"<>", ""}:
            return finding(MailClass.NULL_SENDER, "null sender", "Return-Path", value)
    return ()
