"""A first look at a mail's octets before any reader touches them: linear, with constant memory; it parses nothing.

It says whether the reader may take the mail in a thread, only in the limited child process, or its header alone. What
is inside a mail needs no look: the reader stops by itself at its bounds of parts and depth.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from postroom.mail.headers import header_end
from postroom.mail.limits import LIMITS, Limits


class Reading(Enum):
    """Who may read a mail."""

    FAST = "fast"
    CHILD = "child"
    HEADER_ONLY = "header_only"


class Verdict(Struct, frozen=True):
    """Who may read the mail, and why; `reason` is empty for FAST."""

    reading: Reading
    reason: str = ""


_FAST = Verdict(Reading.FAST)


def prescan(raw: bytes, limits: Limits = LIMITS) -> Verdict:
    """Count what makes a mail dear to read, and say who may read it."""
    reason = dear_header(raw, limits)
    if reason:
        return Verdict(Reading.HEADER_ONLY, reason)
    if len(raw) > limits.child_octets:
        return Verdict(Reading.CHILD, f"the mail is larger than {limits.child_octets} octets")
    # Hyphens are rare in what is large, and counted faster than the lines that begin with two.
    if raw.count(b"-") > limits.child_boundary_lines < raw.count(b"\n--"):
        return Verdict(Reading.CHILD, f"more than {limits.child_boundary_lines} lines look like boundaries")
    return _FAST


def dear_header(raw: bytes, limits: Limits = LIMITS) -> str:
    """Why no more than the header of this mail may be read; empty where all of it may."""
    stop, _ = header_end(raw, 0, min(len(raw), limits.header_block + 2))
    if stop > limits.header_block:
        return f"the header is larger than {limits.header_block} octets"
    lines = raw.count(b"\n", 0, stop)
    if lines > limits.headers < lines - raw.count(b"\n ", 0, stop) - raw.count(b"\n\t", 0, stop):
        return f"the header has more than {limits.headers} fields"
    return ""
