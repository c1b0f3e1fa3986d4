"""A mail that cannot be read, made into one that can: its header, a notice, and the whole mail as an attached file.

The attached bytes are never looked at again by any reader: base64 hides them, and the part says it is octets. Pure but
for its inputs; what becomes of the made mail is decided elsewhere.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from postroom.mail.headers import split_header
from postroom.mail.limits import LIMITS
from postroom.mail.message import Header, Message
from postroom.mail.parse import HEADER_ONLY

FILE = "original.eml"
NOTICE = (
    "This mail could not be read, and an operator released it from quarantine.\r\n"
    "What its header says is shown as it came; the whole mail is attached as it came.\r\n"
)
FIELDS_LIMIT = 64 * 1024
"""Octets of header fields taken over; the attachment has them all."""
# No line of base64 begins so: its alphabet (RFC 4648 §4) has no hyphen and no underscore.
_BOUNDARY = "_released-from-quarantine_"
_OF_THE_BODY = ("content-", "mime-version")


def fields_of(raw: bytes) -> tuple[Header, ...]:
    """The header fields of the mail that fit, without those that speak of its body. Linear, whatever it is given."""
    head = raw[: 2 * LIMITS.header_block]
    # Old systems end lines with a lone CR.
    head = head if b"\n" in head else head.replace(b"\r", b"\n")
    return tuple(_that_fit(field for field in split_header(head).headers if not _speaks_of_body(field)))


def wrapped(raw: bytes, fields: Iterable[Header]) -> bytes:
    """The made mail."""
    # RFC 6532 §3: a header may be UTF-8, which is how the fields' octets were read
    header = "".join(f"{field.name}: {field.value}\r\n" for field in fields)
    head = (
        f"{header}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"\r\n\r\n'
        f"--{_BOUNDARY}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{NOTICE}\r\n"
        f"--{_BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{FILE}"\r\n\r\n'
    )
    content = base64.encodebytes(raw).replace(b"\n", b"\r\n")
    return head.encode("utf-8", "replace") + content + f"--{_BOUNDARY}--\r\n".encode()


def as_malformed(message: Message, raw_name: str, reason: str) -> Message:
    """The made mail as read, marked as one of which nobody knows more than the header; `reason` goes on its trace.

    Its body is told from others' by `raw_name`: the notice is the same in all of them.
    """
    defects = (HEADER_ONLY, f"released from quarantine, where it was because {reason or 'it could not be read'}")
    return replace(message, body_hash=raw_name, defects=(*defects, *message.defects))


def _that_fit(fields: Iterable[Header]) -> Iterator[Header]:
    left = FIELDS_LIMIT
    for field in fields:
        size = len(field.name) + len(field.value.encode("utf-8", "replace")) + 4
        # One monstrous field must not cost the mail its author: the next ones may still fit.
        if size <= left:
            left -= size
            yield field


def _speaks_of_body(field: Header) -> bool:
    return field.name.lower().startswith(_OF_THE_BODY)
