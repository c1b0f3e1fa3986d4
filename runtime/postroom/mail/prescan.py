"""A first look at a mail's octets before any reader touches them: linear, with constant memory; it parses nothing.

It says whether the reader may take the mail in a thread, only in the limited child process, or its header alone.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from postroom.mail.headers import header_end
from postroom.mail.limits import LIMITS, Limits

_PIECE = 1 << 20
_MESSAGE = b"message/"


class Reading(Enum):
    """Who may read a mail."""

    FAST = "fast"
    CHILD = "child"
    HEADER_ONLY = "header_only"


class Verdict(Struct, frozen=True, kw_only=True):
    """What the first look counted, and who may read the mail because of it; `reason` is empty for FAST."""

    reading: Reading
    reason: str
    header_octets: int
    header_lines: int
    boundary_lines: int
    nested_signs: int


def prescan(raw: bytes, limits: Limits = LIMITS) -> Verdict:
    """Count what makes a mail dear to read, and say who may read it."""
    header_stop, _ = header_end(raw, 0, min(len(raw), limits.header_block + 2))
    lines = raw.count(b"\n", 0, header_stop)
    folded = raw.count(b"\n ", 0, header_stop) + raw.count(b"\n\t", 0, header_stop)
    boundaries = raw.count(b"\n--")
    nested = _nested_signs(raw)
    reading, reason = _decide(
        {"header": header_stop, "fields": lines - folded, "boundaries": boundaries, "nested": nested, "size": len(raw)},
        limits,
    )
    return Verdict(
        reading=reading,
        reason=reason,
        header_octets=header_stop,
        header_lines=lines,
        boundary_lines=boundaries,
        nested_signs=nested,
    )


def _decide(counts: dict[str, int], limits: Limits) -> tuple[Reading, str]:
    for name, limit, reading, reason in (
        ("header", limits.header_block, Reading.HEADER_ONLY, "the header is larger than {limit} octets"),
        ("fields", limits.headers, Reading.HEADER_ONLY, "the header has more than {limit} fields"),
        ("nested", limits.nested_messages, Reading.HEADER_ONLY, "more than {limit} messages are nested in it"),
        ("boundaries", limits.child_boundary_lines, Reading.CHILD, "more than {limit} lines look like boundaries"),
        ("size", limits.child_octets, Reading.CHILD, "the mail is larger than {limit} octets"),
    ):
        if counts[name] > limit:
            return reading, reason.format(limit=limit)
    return Reading.FAST, ""


def _nested_signs(raw: bytes) -> int:
    """How often a message type is named, in any letter case."""
    overlap = len(_MESSAGE) - 1
    return sum(raw[at : at + _PIECE + overlap].lower().count(_MESSAGE) for at in range(0, len(raw), _PIECE))
