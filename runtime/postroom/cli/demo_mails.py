"""The customers' mails of the demonstration: six of the kinds every contact centre gets, as they come over the wire."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from email.policy import SMTP

from msgspec import Struct

ENGLISH = "support@shop.example"
GERMAN = "hilfe@shop.example"


class DemoMail(Struct, frozen=True, kw_only=True):
    """One mail on its way in: its envelope and its bytes."""

    title: str
    sender: str
    recipient: str
    raw: bytes


def demo_mails(date: str) -> tuple[DemoMail, ...]:
    """Every mail of the demonstration, dated with this RFC 5322 date."""
    makers = (_plain, _html_with_attachment, _japanese, _vacation, _bounce, _newsletter)
    return tuple(make(date) for make in makers)


def _head(date: str, sender: str, recipient: str, subject: str, number: int) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = date
    message["Message-ID"] = f"<demo-{number}@customer.example>"
    return message


def _mail(title: str, message: EmailMessage, sender: str, recipient: str) -> DemoMail:
    return DemoMail(title=title, sender=sender, recipient=recipient, raw=message.as_bytes())


def _plain(date: str) -> DemoMail:
    message = _head(date, "Grace Miller <grace@customer.example>", ENGLISH, "Where is my order 4711?", 1)
    message.set_content("Hello,\n\nI ordered a lamp two weeks ago.\nIt has not arrived, could you look?\n\nGrace\n")
    return _mail("plain text", message, "grace@customer.example", ENGLISH)


def _html_with_attachment(date: str) -> DemoMail:
    message = _head(date, "Jürgen Groß <juergen@kunde.example>", GERMAN, "Rechnung prüfen – dringend", 2)
    message.set_content("Guten Tag,\n\nder Betrag auf der Rechnung stimmt nicht.\n\nGrüße\nJürgen Groß\n")
    message.add_alternative("<p>Guten Tag,</p><p>der <b>Betrag</b> auf der Rechnung stimmt nicht.</p>", subtype="html")
    invoice = b"%PDF-1.4 demonstration\n"
    message.add_attachment(invoice, maintype="application", subtype="pdf", filename="Rechnung März.pdf")
    return _mail("HTML, attachment", message, "juergen@kunde.example", GERMAN)


def _japanese(date: str) -> DemoMail:
    # Written by hand: many clients still send ISO-2022-JP, which the standard library would not choose.
    body = "お世話になっております。\r\n商品を返品したいのですが、手順を教えてください。\r\n".encode("iso-2022-jp")
    lines = (
        f"From: {_word('田中 花子')} <hanako@customer.example>",
        f"To: {ENGLISH}",
        f"Subject: {_word('返品について')}",
        f"Date: {date}",
        "Message-ID: <demo-3@customer.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=ISO-2022-JP",
        "Content-Transfer-Encoding: 7bit",
    )
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return DemoMail(title="Japanese", sender="hanako@customer.example", recipient=ENGLISH, raw=raw)


def _word(text: str) -> str:
    return f"=?ISO-2022-JP?B?{base64.b64encode(text.encode('iso-2022-jp')).decode()}?="


def _vacation(date: str) -> DemoMail:
    message = _head(date, "Paul Late <paul@customer.example>", ENGLISH, "Automatic reply: I am away", 4)
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content("I am out of the office until the end of the month.\n")
    return _mail("vacation reply", message, "paul@customer.example", ENGLISH)


def _bounce(date: str) -> DemoMail:
    lines = (
        "From: Mail Delivery System <MAILER-DAEMON@mx.customer.example>",
        f"To: {GERMAN}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {date}",
        "Message-ID: <demo-5@mx.customer.example>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"',
        "",
        "--=_report",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "The mail could not be delivered to <gone@customer.example>: no such user.",
        "--=_report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.customer.example",
        "",
        "Final-Recipient: rfc822; gone@customer.example",
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user",
        "--=_report--",
        "",
    )
    return DemoMail(title="bounce", sender="", recipient=GERMAN, raw="\r\n".join(lines).encode())


def _newsletter(date: str) -> DemoMail:
    message = _head(date, "Supplier News <news@supplier.example>", ENGLISH, "Our catalogue for next spring", 6)
    message["List-Id"] = "<news.supplier.example>"
    message["List-Unsubscribe"] = "<https://supplier.example/unsubscribe>"
    message["Precedence"] = "bulk"
    message.set_content("Everything new, on forty pages.\n")
    return _mail("newsletter", message, "news-bounces@supplier.example", ENGLISH)
