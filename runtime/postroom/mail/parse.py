"""Octets to a Message: the one door for inbound mail. It never raises: what is wrong with a mail is a named defect.

It runs in a worker thread behind `prescan`, and is bounded whatever it is given.
"""

from __future__ import annotations

from msgspec.structs import replace

from postroom.mail.bodies import read_bodies
from postroom.mail.envelope import read_envelope
from postroom.mail.headers import Block, split_header
from postroom.mail.limits import LIMITS, Limits
from postroom.mail.message import Message, PartShape
from postroom.mail.mime import Tree, read_parts
from postroom.mail.octets import Octets
from postroom.mail.prescan import dear_header
from postroom.mail.reports import guess_report, read_report

HEADER_ONLY = "only the header was read"
EMPTY = "the mail is empty"


def parse(raw: bytes, limits: Limits = LIMITS) -> Message:
    """Read the whole mail, or its header alone where that is too dear already."""
    raw = _with_line_feeds(raw)
    reason = dear_header(raw, limits)
    if reason:
        return header_only(raw, reason, limits)
    block = _top(raw, limits)
    tree = read_parts(raw, block, limits)
    bodies = read_bodies(raw, tree, limits)
    envelope = read_envelope(block, tree.parts[0], len(raw))
    message = replace(
        envelope,
        shape=tuple(PartShape(part.depth, part.content_type) for part in tree.parts),
        text=bodies.text,
        html=bodies.html,
        attachments=bodies.attachments,
        body_hash=bodies.body_hash,
        calendar_method=_calendar_method(tree),
        defects=tuple(dict.fromkeys((*envelope.defects, *tree.defects, *bodies.defects, *(() if raw else (EMPTY,))))),
    )
    report = read_report(raw, tree) or guess_report(raw, tree, message)
    return message if report is None else replace(message, report=report)


def header_only(raw: bytes, reason: str = "", limits: Limits = LIMITS) -> Message:
    """Read the header and nothing else, for a mail that is too large or too dear; `size` is that of what is given."""
    raw = _with_line_feeds(raw)
    block = _top(raw, limits)
    # Without a body there are no parts: the mail itself is what its header says.
    top = read_parts(raw[: block.body_at], block, limits).parts[0]
    message = read_envelope(block, top, len(raw))
    why = (f"{HEADER_ONLY}: {reason}",) if reason else ()
    return replace(message, defects=(*message.defects, HEADER_ONLY, *why))


def attachment_bytes(raw: bytes, index: int, limits: Limits = LIMITS) -> bytes | None:
    """The decoded content of the attachment that `parse` gave this index, or None where there is none of it."""
    raw = _with_line_feeds(raw)
    tree = parts_of(raw, limits)
    return tree.parts[index].content(raw) if tree is not None and 0 <= index < len(tree.parts) else None


def parts_of(raw: Octets, limits: Limits = LIMITS) -> Tree | None:
    """The parts of a mail that need not be in memory, numbered as `parse` does; None where only its header is read.

    `raw` has line feeds: where the mail's lines end with a lone CR, LFs in their place.
    """
    # Of a header that is larger, more is not looked at.
    if dear_header(raw[: limits.header_block + 2], limits):
        return None
    return read_parts(raw, _top(raw, limits), limits)


def _top(raw: Octets, limits: Limits) -> Block:
    return split_header(raw, 0, None, limits.header_block, limits.headers)


def _with_line_feeds(raw: bytes) -> bytes:
    """A mail whose every line ends with a lone CR, as old systems wrote them, is read with LF in its place."""
    return raw.replace(b"\r", b"\n") if b"\n" not in raw else raw


def _calendar_method(tree: Tree) -> str:
    """The METHOD of the first calendar part of the mail itself (RFC 6047 §2.4), in upper case."""
    for part in tree.parts:
        if part.content_type == "text/calendar" and not part.inside:
            return part.parameters.get("method", "").upper()
    return ""
