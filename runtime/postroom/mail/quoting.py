"""A mail as it stands below another one: quoted in the answer to it, or passed on whole with who wrote it and when.

What came with the mail is a stranger's: names and addresses become single lines, and HTML is taken only as it was
cleaned by the caller.
"""

from __future__ import annotations

import html as markup
from collections.abc import Iterable
from datetime import datetime

from postroom.mail.letter import Words, as_html
from postroom.mail.message import Address, Message
from postroom.mail.quotes import quote

_LONGEST_FIELD = 1_000
_LONGEST_TEXT = 256 * 1024
_MOST_ADDRESSES = 100
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STYLE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
FORWARDED = "---------- Forwarded message ----------"


def quoted(message: Message, cleaned: str | None) -> Words:
    """The mail as the quote in an answer; `cleaned` is its HTML, fit to be sent on."""
    who = _one_line(message.author.name or message.author.addr if message.author else "") or "the sender"
    when = f"On {_moment(message.date)}, " if message.date else ""
    attribution = f"{when}{who} wrote:"
    text = quote(attribution, message.text)
    if cleaned is None:
        return Words(text=text)
    rich = f'<div>{markup.escape(attribution)}</div>\n<blockquote type="cite" style="{_STYLE}">{cleaned}</blockquote>'
    return Words(text=text, html=rich)


def forwarded(message: Message, cleaned: str | None) -> Words:
    """The mail as it is passed on: From, Date, Subject, To and Cc above its text, and never a Bcc."""
    fields = [
        f"{name}: {value}"
        for name, value in (
            ("From", _addresses(message.from_)),
            ("Date", _moment(message.date) if message.date else ""),
            ("Subject", _one_line(message.subject)),
            ("To", _addresses(message.to)),
            ("Cc", _addresses(message.cc)),
        )
        if value
    ]
    head = "\n".join((FORWARDED, *fields))
    text = f"{head}\n\n{message.text.strip()[:_LONGEST_TEXT]}"
    return Words(text=text, html=f"{as_html(head)}\n<br>\n<div>{cleaned}</div>" if cleaned is not None else None)


def _addresses(addresses: Iterable[Address]) -> str:
    some = tuple(addresses)
    shown = [f"{_one_line(one.name)} <{one.addr}>" if one.name else one.addr for one in some[:_MOST_ADDRESSES]]
    return _one_line(", ".join(shown) + (", …" if len(some) > _MOST_ADDRESSES else ""))


def _one_line(text: str) -> str:
    """The text as one line: what is hidden in it begins no line of its own."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:_LONGEST_FIELD]).split())


def _moment(when: datetime) -> str:
    """The time in the words of no locale, in its own zone."""
    day = f"{_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]} {when.year:04}"
    return f"{day} at {when:%H:%M %z}".strip()
