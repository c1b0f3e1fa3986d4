"""A mail of ours as octets, the same octets for the same Reply: it fixes no id, reads no clock and sends nothing.

The fields are header_fields.py's, which nothing breaks out of; the parts are compose_parts.py's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import Enum

from msgspec import Struct

from postroom.mail import header_fields
from postroom.mail.addr_spec import needs_smtputf8, recipient
from postroom.mail.compose_parts import File, parts
from postroom.mail.message import Address, Message

_MAX_REFERENCES = 20
_MAX_LINE = 998
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_REPLY_PREFIX = re.compile(
    r"(?:re|aw|antw|sv|vs|ref|rif|odp|ynt|res|回复|回覆|答复|答覆|回信|返信|답장|회신)(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?[:：]\s{0,5}",
    re.IGNORECASE,
)
_MAX_PREFIXES = 50
_TAG = re.compile(r"\[#[A-Za-z0-9]{6,12}\]")


class Writer(Enum):
    """Who wrote the mail; what a machine writes says so (RFC 3834 §5)."""

    PERSON = "person"
    AUTOMATIC_REPLY = "auto-replied"
    SYSTEM_NOTICE = "auto-generated"


class Reply(Struct, frozen=True, kw_only=True):
    """All that a mail of ours is made of. Bcc is not here: it is in the envelope only, and in no header.

    Ids may stand with or without angle brackets; `references` are the parent's and ours before it, oldest first.
    """

    from_: Address
    to: tuple[Address, ...]
    subject: str
    date: datetime
    message_id: str
    text: str
    cc: tuple[Address, ...] = ()
    reply_to: Address | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    html: str | None = None
    files: tuple[File, ...] = ()
    writer: Writer = Writer.PERSON
    loop_mark: str = ""
    """The value of X-Loop in what a machine writes: an address of ours, by which it is known when it comes back."""


def compose(reply: Reply) -> bytes:
    """Render the mail with CRLF line ends; ValueError, naming the field, for anything that may not stand in one."""
    return b"".join(composed(reply))


def composed(reply: Reply) -> Iterator[bytes]:
    """The same mail piece by piece, whole lines each, so that large files are never all of it in memory at once.

    Raises as compose() does, at the latest with the piece concerned.
    """
    _check(reply)
    yield _bounded(b"".join(_fields(reply)))
    for piece in parts(reply.text, reply.html, reply.files, reply.message_id):
        yield _bounded(piece)


def _bounded(piece: bytes) -> bytes:
    """The piece; ValueError where a line of it is longer than RFC 5322 §2.1.1 allows."""
    if any(len(line) > _MAX_LINE for line in piece.split(b"\r\n")):
        raise ValueError(f"a line of the mail would be longer than {_MAX_LINE} octets")
    return piece


def forward_subject(subject: str) -> str:
    """The subject of a mail that is passed on: one `Fwd: ` before it."""
    rest = subject.strip()
    return rest if rest[:4].casefold() in {"fwd:", "fw: "} else f"Fwd: {rest}".strip()


def tagged_subject(subject: str, tag: str) -> str:
    """The subject with our tag `[#TAG]` at its end, and none of those it had."""
    return f"{' '.join(_TAG.sub(' ', subject).split())} [#{tag}]".strip()


def reply_subject(subject: str) -> str:
    """The subject of an answer: one `Re: ` before it, however many in whatever language stood there."""
    rest = subject.strip()
    for _ in range(_MAX_PREFIXES):
        match = _REPLY_PREFIX.match(rest)
        if match is None:
            break
        rest = rest[match.end() :].lstrip()
    return f"Re: {rest}".strip()


def reference_chain(anchor: str, parent: Message | None) -> tuple[str, ...]:
    """The References of an answer (RFC 5322 §3.6.4): our anchor first, the parent last, at most 20 in all."""
    return chained(anchor, ids_up_to(parent) if parent is not None else ())


def ids_up_to(parent: Message) -> tuple[str, ...]:
    """The ids of the thread up to the parent, which is last: those that can be written in a header, at most 20."""
    chain = parent.references or parent.in_reply_to[:1]
    ids = dict.fromkeys((*chain, *((parent.message_id,) if parent.message_id else ())))
    return tuple(candidate for candidate in ids if header_fields.is_message_id(candidate))[-_MAX_REFERENCES:]


def chained(anchor: str, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The anchor and the newest of the ids, at most 20 in all."""
    others = tuple(candidate for candidate in ids if candidate != anchor)
    return (anchor, *others[-(_MAX_REFERENCES - 1) :])


def answered_id(parent: Message) -> str | None:
    """The In-Reply-To of an answer: the parent's id, where it has one that can be written in a header."""
    found = parent.message_id
    return found if found is not None and header_fields.is_message_id(found) else None


def smtputf8_needed(reply: Reply) -> bool:
    """Whether only a server with SMTPUTF8 can take it: an address in it has a local part beyond ASCII (RFC 6531)."""
    addresses = (reply.from_, *reply.to, *reply.cc, *((reply.reply_to,) if reply.reply_to else ()))
    return any(needs_smtputf8(address.addr) for address in addresses)


def _check(reply: Reply) -> None:
    if not reply.to:
        raise ValueError("To must name at least one recipient")
    for field, addresses in (("From", (reply.from_,)), ("To", reply.to), ("Cc", reply.cc)):
        for address in addresses:
            _check_address(field, address)
    if reply.reply_to is not None:
        _check_address("Reply-To", reply.reply_to)
    for field, text in (("the text", reply.text), ("the HTML", reply.html or "")):
        if "\0" in text:
            raise ValueError(f"{field} must not hold NUL")
        header_fields.refuse_breaks(field, text.replace("\r", "").replace("\n", ""))
    for file in reply.files:
        _check_file(file)


def _check_address(field: str, address: Address) -> None:
    if recipient(address.addr, smtputf8=True) is None:
        raise ValueError(f"{field} is not an address mail can be sent to: {address.addr[:80]!r}")


def is_content_type(text: str) -> bool:
    """Whether the text can stand as the type of a part (RFC 6838 §4.2)."""
    return _TYPE.fullmatch(text) is not None


def _check_file(file: File) -> None:
    header_fields.refuse_breaks("the name of an attachment", file.name)
    if not is_content_type(file.content_type):
        raise ValueError(f"the content type of an attachment is not one: {file.content_type[:80]!r}")
    if file.content_id is not None:
        header_fields.bracketed("the Content-ID of an attachment", file.content_id)


def _fields(reply: Reply) -> list[bytes]:
    fields = [
        header_fields.addresses_field("From", [reply.from_]),
        header_fields.addresses_field("To", reply.to),
    ]
    if reply.cc:
        fields.append(header_fields.addresses_field("Cc", reply.cc))
    if reply.reply_to is not None:
        fields.append(header_fields.addresses_field("Reply-To", [reply.reply_to]))
    fields += [
        header_fields.text_field("Subject", reply.subject),
        header_fields.date_field("Date", reply.date),
        header_fields.ids_field("Message-ID", [reply.message_id]),
    ]
    if reply.in_reply_to is not None:
        fields.append(header_fields.ids_field("In-Reply-To", [reply.in_reply_to]))
    if reply.references:
        fields.append(header_fields.ids_field("References", chained(reply.references[0], reply.references[1:])))
    return fields + _machine_fields(reply)


def _machine_fields(reply: Reply) -> list[bytes]:
    """RFC 3834 §3.1.7 and what other systems look at, so that no machine answers a machine."""
    if reply.writer is Writer.PERSON:
        return []
    fields = [
        header_fields.token_field("Auto-Submitted", reply.writer.value),
        header_fields.token_field("X-Auto-Response-Suppress", "All"),
    ]
    if reply.writer is Writer.AUTOMATIC_REPLY:
        fields.append(header_fields.token_field("Precedence", "bulk"))
    if reply.loop_mark:
        fields.append(header_fields.token_field("X-Loop", reply.loop_mark))
    return fields
