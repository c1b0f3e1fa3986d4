"""Header fields of our own mails as octets: encoded, folded, and impossible to break out of.

Whatever text comes in, a field is one field: CR, LF and NUL are refused by name, everything beyond ASCII is an encoded
word (RFC 2047), and no line is longer than RFC 5322 §2.1.1 allows.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from datetime import datetime

from postroom.mail.addr_spec import ascii_domain
from postroom.mail.message import Address

_BROKEN = re.compile(r"[\r\n\x00]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ID = re.compile(r"[!-;=?-~]{1,900}")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LINE = 76
_WORD_OCTETS = 39
"""Octets of UTF-8 in one encoded word, so that it is under the 75 of RFC 2047 §2 and fits behind the field's name."""
_LONGEST_TEXT = 2_000


def refuse_breaks(field: str, value: str) -> None:
    """Raise ValueError, naming the field, for a value that could end its line."""
    if _BROKEN.search(value):
        raise ValueError(f"{field} must not hold CR, LF or NUL")
    if not value.isascii() and any(0xD800 <= ord(char) <= 0xDFFF for char in value):  # noqa: PLR2004 surrogates
        raise ValueError(f"{field} holds a lone surrogate, which is no text")


def text_field(name: str, value: str) -> bytes:
    """An unstructured field (RFC 5322 §3.6.5)."""
    refuse_breaks(name, value)
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"{name} is longer than {_LONGEST_TEXT} characters")
    value = _CONTROL.sub(" ", value)
    if value.isascii() and "=?" not in value and all(len(word) < _LINE - len(name) for word in value.split(" ")):
        return _folded(name, value.split(" "), " ")
    return _folded(name, _encoded_words(value), " ")


def addresses_field(name: str, addresses: Iterable[Address]) -> bytes:
    """A list of mailboxes (RFC 5322 §3.4), one a line where they are many."""
    return _folded(name, [_mailbox(name, address) for address in addresses], ", ")


def ids_field(name: str, ids: Iterable[str]) -> bytes:
    """A list of Message-IDs (RFC 5322 §3.6.4); brackets around them are optional."""
    return _folded(name, [bracketed(name, candidate) for candidate in ids], " ")


def bracketed(name: str, message_id: str) -> str:
    """The id in angle brackets; ValueError where it is no id."""
    refuse_breaks(name, message_id)
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    if not is_message_id(bare):
        raise ValueError(f"{name} is not a Message-ID: {message_id[:80]!r}")
    return f"<{bare}>"


def is_message_id(text: str) -> bool:
    """Whether the text, without angle brackets, can stand in a field of ids."""
    return _ID.fullmatch(text) is not None


def date_field(name: str, when: datetime) -> bytes:
    """A date in the time's own zone (RFC 5322 §3.3); ValueError for a naive one."""
    offset = when.utcoffset()
    if offset is None:
        raise ValueError(f"{name} needs a time zone")
    minutes = int(offset.total_seconds()) // 60
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    day = f"{_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]} {when.year:04}"
    return f"{name}: {day} {when:%H:%M:%S} {zone}\r\n".encode("ascii")


def token_field(name: str, value: str) -> bytes:
    """A field whose value is ours and plain ASCII."""
    refuse_breaks(name, value)
    if not value.isascii():
        raise ValueError(f"{name} must be plain ASCII")
    return _folded(name, [value], " ")


def _mailbox(field: str, address: Address) -> str:
    refuse_breaks(field, address.name)
    refuse_breaks(field, address.addr)
    spec = ascii_domain(address.addr)
    name = " ".join(_CONTROL.sub(" ", address.name).split())[:_LONGEST_TEXT]
    return f"{_phrase(name)} <{spec}>" if name else spec


def _phrase(name: str) -> str:
    """RFC 5322 §3.2.5: atoms as they are, other ASCII in quotes, the rest in encoded words."""
    if not name.isascii() or "=?" in name or len(name) > _LINE - 2:
        return "\r\n ".join(_encoded_words(name))
    if _ATOMS.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encoded_words(text: str) -> list[str]:
    """RFC 2047 §5: each word is whole by itself, so that no character is split between two."""
    words: list[str] = []
    octets = b""
    for char in text:
        piece = char.encode("utf-8")
        if len(octets) + len(piece) > _WORD_OCTETS:
            words.append(_word(octets))
            octets = b""
        octets += piece
    return [*words, _word(octets)]


def _word(octets: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(octets).decode('ascii')}?="


def _folded(name: str, pieces: list[str], glue: str) -> bytes:
    """The field with its pieces, on a new line wherever the next would make the line too long (RFC 5322 §2.2.3)."""
    line = f"{name}:"
    lines: list[str] = []
    for position, piece in enumerate(pieces):
        text = piece + (glue.rstrip() if position < len(pieces) - 1 else "")
        # The first piece stays with the name: programs exist that take an empty first line for an empty field. A line
        # of white space alone may be taken for the end of the header.
        if position and len(line) + 1 + len(text.partition("\r\n")[0]) > _LINE and line.strip() and text.strip():
            lines.append(line)
            line = ""
        line += f" {text}"
    return "\r\n".join([*lines, line]).encode("utf-8") + b"\r\n"
