"""Delivery reports (RFC 3464) and what older systems send in their place, read into a value; it decides nothing.

The ids of the returned mail are what a report is matched by, so they are looked for in every form they come in.
"""

from __future__ import annotations

import re

from postroom.mail.addr_spec import recipient
from postroom.mail.bounce_recipients import guess_recipients
from postroom.mail.charsets import one_line
from postroom.mail.headers import Block, split_header
from postroom.mail.ids import message_id, message_ids
from postroom.mail.limits import LIMITS
from postroom.mail.message import DeliveryReport, Message, ReportedRecipient
from postroom.mail.mime import Part, Tree
from postroom.mail.senders import is_empty_author, is_mail_system

_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_LONGEST_STATUS = 1_000_000
_LONGEST_WORDS = 1_000
_BLANK_LINE = re.compile(rb"\n[ \t\r]{0,80}\n[\r\n]{0,80}")
_IN_TEXT = re.compile(r"^[ \t>|]{0,8}message-id:[ \t]*(<[^<>\s]{3,998}>)", re.IGNORECASE | re.MULTILINE)
_REFERENCES_IN_TEXT = re.compile(
    r"^[ \t>|]{0,8}(?:references|in-reply-to):([^\n]{0,8000})", re.IGNORECASE | re.MULTILINE
)


def read_report(raw: bytes, tree: Tree) -> DeliveryReport | None:
    """The report in the mail's own delivery-status part; None where it has none."""
    status = next((part for part in tree.parts if part.leaf_type in _STATUS and not part.inside), None)
    if status is None:
        return None
    header = _returned_header(raw, tree)
    return DeliveryReport(
        recipients=_recipients(status.content(raw)[:_LONGEST_STATUS].lstrip(b"\r\n")),
        original_message_id=_first_id(header, "message-id"),
        original_references=_ids(header, "references") + _ids(header, "in-reply-to"),
    )


def guess_report(raw: bytes, tree: Tree, message: Message) -> DeliveryReport | None:
    """What a bounce of a system older than RFC 3464 says; None unless it comes from a mail system by its own words."""
    failed = _failed_recipients(message)
    if not failed and not _from_mail_system(message):
        return None
    failed = failed or guess_recipients(message.text, frozenset(one.key for one in (*message.from_, *message.to)))
    header = _returned_header(raw, tree)
    in_text = _IN_TEXT.findall(message.text)
    original = _first_id(header, "message-id") or (message_id(in_text[-1]) if in_text else None)
    if original is None and not failed:
        return None
    listed = " ".join(_REFERENCES_IN_TEXT.findall(message.text)[: LIMITS.ids])
    return DeliveryReport(
        recipients=failed,
        original_message_id=original,
        original_references=_ids(header, "references") + _ids(header, "in-reply-to") or message_ids(listed),
        is_guess=True,
    )


def _from_mail_system(message: Message) -> bool:
    locals_ = [address.key.partition("@")[0] for address in message.from_]
    names = [*locals_, *(address.name.casefold() for address in message.from_)]
    if message.header("Return-Path") == "<>" or "postmaster" in locals_ or any(map(is_mail_system, names)):
        return True
    return any(map(is_empty_author, message.all_headers("From")))


def _failed_recipients(message: Message) -> tuple[ReportedRecipient, ...]:
    """X-Failed-Recipients, as Exim and Google write it."""
    fields = message.all_headers("X-Failed-Recipients")
    if not fields:
        return ()
    listed = ",".join(fields)[: 320 * LIMITS.reported_recipients]
    found = (recipient(address.strip(), smtputf8=True) for address in listed.split(","))
    return tuple(ReportedRecipient(address=address, action="failed", status="5.0.0") for address in found if address)


def _recipients(status: bytes) -> tuple[ReportedRecipient, ...]:
    """RFC 3464 §2.1: the first group of fields is about the message, each further one about a recipient."""
    groups = _BLANK_LINE.split(status, LIMITS.reported_recipients * 2)
    blocks = (split_header(group, 0, None, LIMITS.part_header_block, LIMITS.part_headers) for group in groups)
    found = [entry for entry in map(_recipient, blocks) if entry is not None]
    return tuple(found[: LIMITS.reported_recipients])


def _recipient(block: Block) -> ReportedRecipient | None:
    # RFC 3464 §2.3.2: Final-Recipient is required; Original-Recipient is what the sender wrote, where it is known.
    address = _typed(block, "original-recipient") or _typed(block, "final-recipient")
    if not address:
        return None
    return ReportedRecipient(
        address=address.strip("<>")[:_LONGEST_WORDS],
        action=_typed(block, "action").lower(),
        status=_typed(block, "status").partition(" ")[0],
        diagnostic=_typed(block, "diagnostic-code"),
    )


def _typed(block: Block, name: str) -> str:
    """A field's value without the type before its semicolon (rfc822, smtp)."""
    value = next(iter(block.values(name)), "")
    kind, semicolon, rest = value.partition(";")
    return one_line(rest if semicolon and kind.strip().replace("-", "").isalnum() else value)[:_LONGEST_WORDS]


def _returned_header(raw: bytes, tree: Tree) -> Block | None:
    part = next((part for part in tree.parts if part.leaf_type in _RETURNED and not part.inside), None)
    return None if part is None else _header_of(raw, part)


def _header_of(raw: bytes, part: Part) -> Block:
    return split_header(part.content(raw)[: LIMITS.header_block].lstrip(b"\r\n"))


def _first_id(header: Block | None, name: str) -> str | None:
    return next(iter(_ids(header, name)), None)


def _ids(header: Block | None, name: str) -> tuple[str, ...]:
    return message_ids(" ".join(header.values(name))) if header else ()
