"""What a mail nobody could read says in its header: looked at in linear time, never trusted, never decoded further."""

from __future__ import annotations

from msgspec import Struct

from postroom.mail.charsets import decode_header, one_line
from postroom.mail.encoded_words import decode_words
from postroom.mail.headers import header_end, split_header

LOOKED_AT = 64 * 1024
"""Octets of a mail that are looked at for its header."""
LONGEST = 300
"""Characters shown of one field."""


class Glance(Struct, frozen=True, kw_only=True):
    """The From and Subject of a mail as people read them; empty where it has none."""

    sender: str = ""
    subject: str = ""


class RawHeader(Struct, frozen=True, kw_only=True):
    """A header as it came, and whether there was more of it."""

    text: str
    is_cut: bool


def glance(raw: bytes) -> Glance:
    """Read who the mail says it is from, and its subject."""
    block = split_header(_head(raw))
    return Glance(sender=_shown(block.values("from")), subject=_shown(block.values("subject")))


def raw_header(raw: bytes) -> RawHeader:
    """Give the header as text, its encoded words left alone."""
    head = _head(raw)
    stop, _ = header_end(head, 0, len(head))
    return RawHeader(text=decode_header(head[:stop]), is_cut=stop == LOOKED_AT < len(raw))


def _head(raw: bytes) -> bytes:
    head = raw[:LOOKED_AT]
    # Old systems end lines with a lone CR.
    return head if b"\n" in head else head.replace(b"\r", b"\n")


def _shown(values: list[str]) -> str:
    return one_line(decode_words(values[0][: 4 * LONGEST]))[:LONGEST] if values else ""
