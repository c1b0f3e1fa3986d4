"""Rules that look at what a mail is made of: reports, receipts, complaints, invitations, mails nobody can judge.

Only the mail's own parts count; a report inside a forwarded message says nothing about the forward.
"""

from __future__ import annotations

from postroom.mail.addr_spec import recipient
from postroom.mail.mail_class import Case, Caveat, Finding, MailClass, finding
from postroom.mail.parse import HEADER_ONLY

_REPORTS = {
    "delivery-status": MailClass.DSN,
    "global-delivery-status": MailClass.DSN,
    "disposition-notification": MailClass.MDN,
    "feedback-report": MailClass.ARF,
}
_PARTS = {
    **{f"message/{name}": kind for name, kind in _REPORTS.items()},
    "message/global-disposition-notification": MailClass.MDN,
}
_INVITATIONS = frozenset({"REQUEST", "REPLY", "CANCEL", "COUNTER", "DECLINECOUNTER", "REFRESH", "ADD"})
_MAX_RECEIVED, _LOOPING = 30, 50
_MAX_REFERENCES = 100


def report(case: Case) -> tuple[Finding, ...]:
    """RFC 6522: a multipart/report at the top, or a report directly under it."""
    message = case.message
    for part in message.shape:
        if part.depth <= 1 and part.content_type in _PARTS:
            return finding(_PARTS[part.content_type], "report", "Content-Type", part.content_type)
    if message.content_type == "multipart/report":
        kind = dict(message.content_type_parameters).get("report-type", "").lower()
        return finding(_REPORTS.get(kind, MailClass.DSN), "report", "Content-Type", f"multipart/report {kind}")
    return ()


def complaint(case: Case) -> tuple[Finding, ...]:
    """RFC 5965 §3.1: a feedback report that lost its structure."""
    value = case.message.header("Feedback-Type")
    return () if value is None else finding(MailClass.ARF, "complaint", "Feedback-Type", value)


def failed_recipients(case: Case) -> tuple[Finding, ...]:
    """The field in which Exim and Google name who was not reached."""
    value = case.message.header("X-Failed-Recipients")
    return () if value is None else finding(MailClass.DSN, "failed recipients", "X-Failed-Recipients", value)


def invitation(case: Case) -> tuple[Finding, ...]:
    """RFC 5546 §1.4: the calendar program of somebody acts."""
    method = case.message.calendar_method
    return finding(MailClass.CALENDAR, "calendar", "Content-Type", method) if method in _INVITATIONS else ()


def unreadable(case: Case) -> tuple[Finding, ...]:
    """No author, or a mail of which only the header was read: nobody can say what it is."""
    message = case.message
    if HEADER_ONLY in message.defects:
        return finding(MailClass.MALFORMED, "only the header was read")
    if not message.from_:
        return finding(MailClass.MALFORMED, "no author", "From", message.header("From") or "")
    return ()


def several_authors(case: Case) -> tuple[Finding, ...]:
    """RFC 5322 §3.6.2 allows it with a Sender; whom an answer would reach is anybody's guess."""
    if len(case.message.from_) > 1 or len(case.message.all_headers("From")) > 1:
        return finding(Caveat.UNVERIFIED, "several authors", "From", case.message.header("From") or "")
    return ()


def unusable_author(case: Case) -> tuple[Finding, ...]:
    """An author whose address nothing may be sent to."""
    author = case.message.author
    if author is not None and recipient(author.addr, smtputf8=True) is None:
        return finding(Caveat.UNVERIFIED, "unusable address", "From", author.addr)
    return ()


def hops(case: Case) -> tuple[Finding, ...]:
    """Too many trace fields or references: the mail goes round (RFC 5321 §6.3)."""
    count = case.message.received_count
    if count > _MAX_RECEIVED:
        return finding(MailClass.LOOP if count > _LOOPING else Caveat.HOPS, "hops", "Received", str(count))
    references = sum(value.count("<") for value in case.message.all_headers("References"))
    return finding(Caveat.HOPS, "references", "References", str(references)) if references > _MAX_REFERENCES else ()
