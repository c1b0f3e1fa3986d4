"""The header of a mail or a part: cut from the octets, unfolded, bounded; it never decodes encoded words.

One strict view for everybody: what is not a field is a named defect, so that two readers cannot see two mails.
"""

from __future__ import annotations

import re
from functools import cached_property

from msgspec import Struct

from postroom.mail.charsets import decode_header
from postroom.mail.limits import LIMITS
from postroom.mail.message import Header
from postroom.mail.octets import Octets

# RFC 5322 §2.2: a field name is printable ASCII without a colon; white space before the colon is obsolete (§4.5).
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_PLAIN_FIELD = re.compile(r"^(?!>?From )([!-9;-~]{1,200})[ \t]*:(.*)$", re.MULTILINE)
_MBOX = (b"From ", b">From ")

JUNK_LINE = "a line in the header is no field and was left out"
NO_BLANK_LINE = "the header ends without a blank line"
TOO_LARGE = "the header is too large and was cut"
TOO_MANY = "the header has too many fields and was cut"
MBOX_LINE = "the mail begins with the line of a mailbox file"
NUL = "the header holds NUL or a bare CR"


class Block(Struct, frozen=True, dict=True):
    """A header and where the body after it begins."""

    headers: tuple[Header, ...]
    body_at: int
    defects: tuple[str, ...] = ()

    def values(self, name: str) -> list[str]:
        """Every value of the field, in order; `name` is lower case."""
        return self._by_name.get(name, [])

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for header in self.headers:
            found.setdefault(header.name.lower(), []).append(header.value)
        return found


def header_end(raw: Octets, start: int, end: int) -> tuple[int, int]:
    """Where the header's last line ends and its body begins; both are `end` where no blank line is found before it."""
    if raw.startswith(b"\n", start, end):
        return start, start + 1
    if raw.startswith(b"\r\n", start, end):
        return start, start + 2
    # Mail over POP3 has CRLF: its blank line comes soon, and what is not there is not looked for in the whole mail.
    crlf = raw.find(b"\n\r\n", start, end)
    lf = raw.find(b"\n\n", start, end if crlf < 0 else crlf + 1)
    if lf < 0 <= crlf:
        return crlf + 1, crlf + 3
    return (lf + 1, lf + 2) if lf >= 0 else (end, end)


def split_header(
    raw: Octets,
    start: int = 0,
    end: int | None = None,
    block_limit: int = LIMITS.header_block,
    limit: int = LIMITS.headers,
) -> Block:
    """Cut the header that begins at `start`; at most `block_limit` octets and `limit` fields of it are read."""
    end = len(raw) if end is None else end
    cut = min(end, start + block_limit)
    header_stop, body_at = header_end(raw, start, cut)
    octets = raw[start:header_stop]
    plain = _plain_fields(octets) if header_stop < body_at else None
    if plain is not None and len(plain) <= limit:
        return Block(plain, body_at)
    reader = _Reader(start, limit)
    for line in octets.split(b"\n"):
        reader.take(line)
    fields = reader.fields()
    defects = dict.fromkeys(reader.defects)
    if header_stop == cut < end:
        defects[TOO_LARGE] = None
    if reader.loose_at is not None:
        defects[NO_BLANK_LINE] = None
        body_at = reader.loose_at
    return Block(tuple(fields), body_at, tuple(defects))


def _plain_fields(octets: bytes) -> tuple[Header, ...] | None:
    """The fields of a header without any fault, as nearly all are; None for any other, which is read line by line."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # RFC 5322 §2.2.3: unfolding takes the line end away and leaves the white space.
    text = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", "\t").removesuffix("\n")
    found = _PLAIN_FIELD.findall(text)
    if len(found) <= text.count("\n") or "\r" in text or "\0" in text or "\ufeff" in text:
        return None
    return tuple([Header(name, value.strip()) for name, value in found])


class _Reader:
    """Takes the lines of one header; lives for one call of `split_header`."""

    def __init__(self, at: int, limit: int) -> None:
        self.at = at
        self.limit = limit
        self.names: list[bytes] = []
        self.lines: list[list[bytes]] = []
        self.defects: list[str] = []
        self.loose_at: int | None = None
        """Where lines began that are no fields, while no field came after them."""

    def take(self, line: bytes) -> None:
        at, self.at = self.at, self.at + len(line) + 1
        if line[:1] in (b" ", b"\t") and self.lines and self.loose_at is None:
            self.lines[-1].append(line)
            return
        match = _FIELD.match(line)
        if match is None or line.startswith(_MBOX):
            self._take_loose(line, at)
        elif len(self.names) >= self.limit:
            self.defects.append(TOO_MANY)
        else:
            self._take_field(line, match)

    def _take_field(self, line: bytes, match: re.Match[bytes]) -> None:
        if self.loose_at is not None:
            self.defects.append(JUNK_LINE)
            self.loose_at = None
        self.names.append(match[1])
        self.lines.append([line[match.end() :]])

    def _take_loose(self, line: bytes, at: int) -> None:
        if line.startswith(_MBOX) and not self.names:
            self.defects.append(MBOX_LINE)
        elif line.strip() and self.loose_at is None:
            self.loose_at = at

    def fields(self) -> list[Header]:
        found: list[Header] = []
        for name, lines in zip(self.names, self.lines, strict=True):
            # RFC 5322 §2.2.3: unfolding takes the line end away and leaves the white space.
            value = b"".join([line.rstrip(b"\r") for line in lines])
            if b"\0" in value or b"\r" in value:
                self.defects.append(NUL)
                value = value.replace(b"\0", b"").replace(b"\r", b" ")
            found.append(Header(name.decode("ascii"), decode_header(value).strip()))
        return found
